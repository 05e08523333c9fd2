import type { z } from 'zod';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import { loadPlaybooks } from '../../config/load-playbooks.ts';
import { findPlaybook } from '../../planner/make-plan.ts';
import { accessDenied } from '../api-errors.ts';
import { mayCall, type Actor } from '../auth/actor.ts';
import { refuseEffects } from '../auth/reported-effects.ts';
import type { StartRecoveryBody, StartedRecoverySchema } from '../contract/recoveries.ts';
import type { ApiDeps } from '../handler.ts';
import { recoveryLinks, recoveryPath } from './links.ts';
import { sha256 } from '../../process/digests.ts';

type Body = z.output<typeof StartRecoveryBody>;

/** Keys of this process that are remembered: enough for an hour of reports at a few a second. */
const REMEMBERED = 10_000;

const reused = (): RerailError =>
  new RerailError('idempotency-key-reused', 'this Idempotency-Key was given before, with another body', {
    remedy: 'Give each report a key of its own; send the same body for the same report.',
    nonRetryable: true,
  });

/** Starts recoveries for whoever the token names. */
export function createStarter({ recoveries, settings }: Pick<ApiDeps, 'recoveries' | 'settings'>) {
  const digests = new Map<string, string>();

  /** The same key for another target would not be seen by Temporal: another target is another workflow. */
  function remember(key: string, content: string): void {
    const before = digests.get(key);
    if (before !== undefined && before !== content) throw reused();
    digests.delete(key);
    digests.set(key, content);
    if (digests.size > REMEMBERED) digests.delete(digests.keys().next().value ?? '');
  }

  return async (body: Body, actor: Actor, idempotencyKey?: string) => {
    const { failure, playbook, inputs, breakGlass } = body;
    if (breakGlass && !mayCall(actor, 'admin')) {
      throw accessDenied('breakGlass needs the role admin', 'Leave it out, or ask an admin.');
    }
    refuseEffects(actor, failure);
    if (playbook !== undefined) findPlaybook(playbook, await loadPlaybooks(settings.playbooksDir));
    const content = sha256(canonicalJson(body));
    const key = idempotencyKey === undefined ? undefined : sha256(`${actor.name}\n${idempotencyKey}`);
    if (key !== undefined) remember(key, content);
    const started = await recoveries.start(
      { ...failure, source: { kind: 'api', name: actor.name } },
      {
        ...(playbook === undefined ? {} : { playbook }),
        ...(inputs === undefined ? {} : { inputs }),
        ...(breakGlass ? { breakGlass: { by: actor.name, reason: breakGlass.reason } } : {}),
        ...(key === undefined ? {} : { key, content }),
      },
    );
    const { handle, runId, joined } = started;
    const answer: z.output<typeof StartedRecoverySchema> = {
      workflowId: handle.workflowId,
      runId,
      target: failure.target,
      deduplicated: joined,
      links: recoveryLinks(handle.workflowId),
    };
    return joined
      ? ({ status: 200, body: answer } as const)
      : ({ status: 202, body: answer, headers: { location: recoveryPath(handle.workflowId) } } as const);
  };
}

export type Starter = ReturnType<typeof createStarter>;
