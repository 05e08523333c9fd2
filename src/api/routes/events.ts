import type { FastifyRequest } from 'fastify';
import { createListFeed } from '../events/list-feed.ts';
import { createRecoveryFeeds, seenBefore } from '../events/recovery-feed.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { accessDenied } from '../api-errors.ts';
import { mayCall } from '../auth/actor.ts';

const lastEventId = ({ headers }: FastifyRequest): string | undefined => {
  const given = headers['last-event-id'];
  return typeof given === 'string' ? given : undefined;
};

/** `heard` is called before news go out: whoever asks because of them must not get an answer from before. */
export function eventHandlers(
  { recoveries, streams, authenticator }: Pick<ApiDeps, 'recoveries' | 'streams' | 'authenticator'>,
  heard: () => void,
): Handlers<'recoveryEvents' | 'events'> {
  const feeds = createRecoveryFeeds();
  const list = createListFeed(recoveries);
  const stillAllowed =
    ({ headers }: FastifyRequest) =>
    async (): Promise<void> => {
      const actor = await authenticator.authenticate(headers.authorization);
      if (!mayCall(actor, 'viewer')) throw accessDenied('the role is gone', 'Ask for it.');
    };
  return {
    async recoveryEvents({ params: { id }, query: { run }, request, reply }) {
      // Refused as a problem while that is still possible.
      const { runId, workflowId } = await recoveries.getHandle(id, run).describe();
      const after = seenBefore(lastEventId(request), runId);
      const stream = streams.open(request, reply, stillAllowed(request));
      const stop = feeds.watch(recoveries.getHandle(workflowId, runId), runId, after, (event) => {
        heard();
        stream.send(event);
        if (event.event === 'closed') stream.end();
      });
      stream.onClose(stop);
      return undefined;
    },
    events({ request, reply }) {
      const stream = streams.open(request, reply, stillAllowed(request));
      const stop = list.watch((event) => {
        heard();
        stream.send(event);
      });
      stream.onClose(stop);
      return Promise.resolve(undefined);
    },
  };
}
