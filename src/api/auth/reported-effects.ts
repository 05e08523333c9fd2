import type { z } from 'zod';
import type { Probe } from '../../domain/probe.ts';
import { accessDenied } from '../api-errors.ts';
import type { ReportedFailureSchema } from '../contract/recoveries.ts';
import { mayCall, type Actor } from './actor.ts';

type Reported = z.output<typeof ReportedFailureSchema>;
type Related = NonNullable<Reported['related']>[number];

/**
 * What a failure tells: it is read, classified and shown. Any other field says what is to be done, looked at or where, and
 * is an admin's, a new one as well until it is written here.
 */
const TOLD: readonly (keyof Reported | keyof Related)[] = [
  ...(['target', 'subject', 'component', 'host', 'labels', 'recoveryType', 'related'] as const),
  ...(['message', 'type', 'category', 'severity', 'lane', 'code', 'errorName', 'exitCode', 'signal'] as const),
  ...(['httpStatus', 'retryAfter', 'stdout', 'stderr', 'causes', 'occurredAt', 'detectedAt'] as const),
];

/**
 * Probes that anybody may have a worker read: they run nothing, name no file, no process and no secret, and send nothing
 * to an address that the reporter chooses. `tcp` connects and says no word.
 */
function isHarmless({ memory, disk, cpu, eventLoop, tcp, temporalTaskQueue, workspace }: Probe): boolean {
  if (workspace !== undefined) return false;
  if (memory) return memory.process === undefined;
  if (temporalTaskQueue) return temporalTaskQueue.namespace === undefined;
  return (disk ?? cpu ?? eventLoop ?? tcp) !== undefined;
}

/** The first field by which the reporter chooses what a host does, reads or connects to. */
function effectIn(at: string, reported: Reported | Related): string | undefined {
  const { probes = [], ...rest } = reported;
  const told: readonly string[] = TOLD;
  const chosen = Object.entries(rest).find(([field, value]) => value !== undefined && !told.includes(field));
  if (chosen) return `${at}.${chosen[0]}`;
  const index = probes.findIndex((probe) => !isHarmless(probe));
  return index < 0 ? undefined : `${at}.probes.${index}`;
}

const refuse = (field: string, remedy: string) =>
  accessDenied(`${field} says what a host is to do, to read or to connect to, which needs the role admin`, remedy);

/** Whoever is no admin tells what has failed; what is done about it stands in playbooks. Throws `access-denied`. */
export function refuseEffects(actor: Actor, failure: Reported): void {
  if (mayCall(actor, 'admin')) return;
  const found =
    effectIn('failure', failure) ??
    failure.related
      ?.map((one, index) => effectIn(`failure.related.${index}`, one))
      .find((field) => field !== undefined);
  if (found === undefined) return;
  throw refuse(found, 'Leave it out and let a playbook or a component name it, or ask an admin.');
}

/** A preview elsewhere than where the checkpoint was taken would show what lies there. Throws `access-denied`. */
export function refuseOtherPlace(actor: Actor, place: { root?: string | undefined; host?: string | undefined }): void {
  const chosen = (['root', 'host'] as const).find((field) => place[field] !== undefined);
  if (chosen === undefined || mayCall(actor, 'admin')) return;
  throw refuse(chosen, 'Leave it out: then it is looked at where the checkpoint was taken. Or ask an admin.');
}

/** Who is no admin changes the input of a parked action only as far as its playbook's `inputSchema` says. */
export const inputLimit = (actor: Actor): { declaredInputOnly?: true } =>
  mayCall(actor, 'admin') ? {} : { declaredInputOnly: true };
