import { compact } from './compact.ts';
import { RerailError } from '../../domain/errors.ts';
import { accessDenied } from '../api-errors.ts';
import { mayCall, type Actor } from '../auth/actor.ts';
import { inputLimit } from '../auth/reported-effects.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { recoveryLinks } from './links.ts';
import { signAnswer } from './verdict.ts';

type Ids =
  | 'approveRecovery'
  | 'denyRecovery'
  | 'decideRecovery'
  | 'completeManualStep'
  | 'pauseRecovery'
  | 'resumeRecovery'
  | 'cancelRecovery'
  | 'killRecovery'
  | 'continueRecovery'
  | 'forkRecovery';

export function recoveryMessageHandlers({
  recoveries,
  settings,
}: Pick<ApiDeps, 'recoveries' | 'settings'>): Handlers<Ids> {
  const { approvalKeysFile: keysFile } = settings;

  /** A message to a closed recovery finds no workflow; that it was there once is worth saying. */
  async function toOpen<T>(
    id: string,
    run: string | undefined,
    work: (handle: ReturnType<typeof recoveries.getHandle>) => Promise<T>,
  ) {
    const handle = recoveries.getHandle(id, run);
    const { open } = await handle.describe();
    if (open) return { workflowId: handle.workflowId, answer: await work(handle) };
    throw new RerailError('action-not-applicable', `${handle.workflowId} has closed`, {
      remedy: 'Read how it ended, or go on with it: POST …/continue.',
      nonRetryable: true,
    });
  }

  async function goOn(
    id: string,
    actor: Actor,
    input: { from?: string; plan: 'same' | 'latest'; reason: string; runId?: string | undefined },
  ) {
    const { handle, runId } = await recoveries.continueRecovery(id, { ...compact(input), by: actor.name });
    const { workflowId } = handle;
    const target = workflowId.replace(/^recovery\//, '');
    return {
      status: 202,
      body: { workflowId, runId, target, deduplicated: false, links: recoveryLinks(workflowId) },
    } as const;
  }

  return {
    async approveRecovery({ params: { id }, query: { run }, body, actor }) {
      if (body.breakGlass && !mayCall(actor, 'admin')) {
        throw accessDenied('breakGlass needs the role admin', 'Leave it out, or ask an admin.');
      }
      const { workflowId, answer } = await toOpen(id, run, async (handle) => {
        const { input, ...how } = await signAnswer(handle, 'approved', compact(body), { actor, keysFile });
        return { ...(await handle.approve(input)), ...how };
      });
      return { status: 200, body: { workflowId, ...answer } };
    },
    async denyRecovery({ params: { id }, query: { run }, body, actor }) {
      const { workflowId, answer } = await toOpen(id, run, async (handle) => {
        const { input, ...how } = await signAnswer(handle, 'denied', compact(body), { actor, keysFile });
        return { ...(await handle.deny({ ...input, reason: body.reason })), ...how };
      });
      return { status: 200, body: { workflowId, ...answer } };
    },
    async decideRecovery({ params: { id }, query: { run }, body, actor }) {
      const { workflowId, answer } = await toOpen(id, run, (handle) =>
        handle.decide({ ...body, by: actor.name, ...inputLimit(actor) }),
      );
      return { status: 200, body: { workflowId, ...answer } };
    },
    async completeManualStep({ params: { id }, query: { run }, body, actor }) {
      const { output, note, ...rest } = body;
      const { workflowId, answer } = await toOpen(id, run, (handle) =>
        handle.completeManualStep({
          ...rest,
          by: actor.name,
          ...(note === undefined ? {} : { note }),
          ...(output === undefined ? {} : { output }),
        }),
      );
      return { status: 200, body: { workflowId, ...answer } };
    },
    async pauseRecovery({ params: { id }, query: { run }, body: { reason }, actor }) {
      const { workflowId, answer } = await toOpen(id, run, (handle) => handle.pause({ by: actor.name, reason }));
      return { status: 200, body: { workflowId, ...answer } };
    },
    async resumeRecovery({ params: { id }, query: { run }, body: { reason }, actor }) {
      const { workflowId, answer } = await toOpen(id, run, (handle) => handle.resume({ by: actor.name, reason }));
      return { status: 200, body: { workflowId, ...answer } };
    },
    async cancelRecovery({ params: { id }, query: { run } }) {
      const { workflowId } = await toOpen(id, run, (handle) => handle.cancel());
      return {
        status: 202,
        body: { workflowId, status: 'cancelling', note: 'is stopping and undoes what it has begun' },
      };
    },
    async killRecovery({ params: { id }, query: { run }, body: { reason }, actor }) {
      const { workflowId, answer } = await toOpen(id, run, (handle) => handle.kill({ by: actor.name, reason }));
      return {
        status: 200,
        body: { workflowId, status: 'killed', note: 'was ended, and nothing was undone', ...answer },
      };
    },
    continueRecovery: ({ params: { id }, query: { run }, body, actor }) =>
      goOn(id, actor, { ...body, runId: body.runId ?? run }),
    forkRecovery: ({ params: { id }, query: { run }, body, actor }) =>
      goOn(id, actor, { ...body, runId: body.runId ?? run }),
  };
}
