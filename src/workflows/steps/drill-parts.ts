import { workflowInfo, type ActivityCancellationType } from '@temporalio/workflow';
import type { ComponentSpec } from '../../domain/component.ts';
import { componentOfRun, type DrilledRecovery, type DrillFacts, type DrillSpec } from '../../domain/drill.ts';
import { newId } from '../../domain/ids.ts';
import { resolveLate } from '../../domain/late-values.ts';
import type { CommandOperation } from '../../domain/operation.ts';
import type { Probe, ProbeReading } from '../../domain/probe.ts';
import { serviceStateId } from '../../domain/wire-names.ts';
import { hostActivities } from '../activity-proxies.ts';
import { cancelRecovery } from './await-recovery.ts';

/** What templates of a drill may speak of. */
export interface DrillInputs {
  sandbox: string;
  /** Of the drill's checkpoints. */
  subject: string;
  host: string;
  ports?: Record<string, number>;
  secrets?: string;
  /** Of the drill's tmux server. */
  socket?: string;
  /** The command line, for `node`. */
  rerail?: string;
  /** Of its components, by the names that the definition gives them. */
  components?: Record<string, string>;
}

export interface DrillState {
  /** Names the sandbox. */
  id: string;
  name: string;
  host: string;
  spec: DrillSpec;
  facts: DrillFacts;
  /** What templates speak of, once the sandbox is there. */
  inputs?: DrillInputs;
  /** Said of what works in the sandbox, so that nobody takes that away beside it; undefined in histories of before. */
  cancellationType?: ActivityCancellationType;
  /** Known to its recovery alone. */
  components?: Record<string, ComponentSpec>;
  /** What was there before its recovery went back. */
  backup?: DrilledRecovery['backup'];
  /** What the clients of its services were told. */
  told?: DrilledRecovery['degraded'];
  /** While it is open. */
  recovery?: { recoveryId: string; recoveryRunId: string; joined: boolean };
  /** Why nothing can be said. */
  invalid?: string;
  aborted?: string;
}

export const componentNames = ({ components }: DrillSpec): Record<string, string> =>
  Object.fromEntries(Object.keys(components ?? {}).map((name) => [name, componentOfRun(name, workflowInfo().runId)]));

/** The components as its recovery gets them. A session is compared with the drill's own checkpoints. */
export function placeComponents(spec: DrillSpec, inputs: DrillInputs): Record<string, ComponentSpec> {
  const { workflowId } = workflowInfo();
  const names = inputs.components ?? {};
  return Object.fromEntries(
    Object.entries(resolveLate(spec.components ?? {}, inputs)).map(([name, component]) => [
      names[name] ?? name,
      {
        ...component,
        dependsOn: component.dependsOn.map((other) => names[other] ?? other),
        ...(component.session ? { session: { ...component.session, subject: workflowId } } : {}),
      },
    ]),
  );
}

/** Processes that the host is to keep running run before the steady state is looked for. */
export async function startComponents(host: string, components: Record<string, ComponentSpec>): Promise<void> {
  const { startProcess } = hostActivities(host, { timeout: '2m', summary: 'start its components' });
  for (const [name, { process }] of Object.entries(components))
    if (process) await startProcess({ process: { name, ...process } });
}

export async function captureSessions(host: string, components: Record<string, ComponentSpec>): Promise<void> {
  const { captureSession } = hostActivities(host, { timeout: '2m', summary: 'checkpoint of a session' });
  for (const { session } of Object.values(components))
    if (session) await captureSession({ session, id: newId('cp'), name: 'before the fault', type: 'manual' });
}

/** What clients of these services were told is told to nobody any more. */
export async function forgetServices(components: Record<string, ComponentSpec>): Promise<void> {
  for (const [name, { service }] of Object.entries(components)) if (service) await cancelRecovery(serviceStateId(name));
}

export const namesOfFailed = (readings: readonly ProbeReading[]): string =>
  readings
    .filter(({ passed }) => !passed)
    .map(({ name, observed }) => `${name}: ${observed}`)
    .join('; ');

export const placed = (probes: readonly Probe[], inputs: DrillInputs): Probe[] =>
  resolveLate([...probes], inputs).map((probe) => ({
    ...probe,
    host: inputs.host,
    workspace: inputs.sandbox,
  }));

/** Throws when the command fails: the drill could not do its part. */
export async function inSandbox(
  { id, host, cancellationType }: DrillState,
  sandbox: string,
  { argv, key, summary }: { argv: string[]; key: string; summary: string },
): Promise<void> {
  const operation: CommandOperation = { kind: 'command', argv, workspace: sandbox, host, idempotent: true };
  await hostActivities(host, { timeout: '2m', summary, cancellationType }).runCommand({
    operation,
    key: `${id}/${key}`,
  });
}
