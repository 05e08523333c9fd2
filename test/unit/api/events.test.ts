import { expect, it } from 'vitest';
import { eventHandlers } from '../../../src/api/routes/events.ts';
import { createSharedLooks } from '../../../src/api/shared-looks.ts';

it('lets nobody who asks because of an event get an answer from before it', async () => {
  let open = true;
  const looks = createSharedLooks(() => 0);
  const look = () => looks.look('detail', () => Promise.resolve(open ? 'open' : 'closed'));
  const handle = {
    workflowId: 'recovery/a',
    describe: () => Promise.resolve({ workflowId: 'recovery/a', runId: 'r', open, killed: false }),
    status: () => Promise.resolve({ status: 'executing', timelineLength: 0 }),
    report: () => Promise.resolve({ status: 'recovered', summary: 'well', timeline: [] }),
  };
  const heard: { event: string; answer: Promise<string> }[] = [];
  let closed = (): void => undefined;
  const end = new Promise<void>((resolve) => (closed = resolve));
  const stream = {
    send({ event }: { event: string }) {
      heard.push({ event, answer: look() });
      // Somebody looks, and then it closes.
      open = false;
    },
    end: () => closed(),
    onClose: () => undefined,
  };
  const deps = { recoveries: { getHandle: () => handle }, streams: { open: () => stream }, authenticator: {} };
  const handlers = eventHandlers(deps as unknown as Parameters<typeof eventHandlers>[0], looks.changed);
  const call = { params: { id: 'a' }, query: {}, request: { headers: {} }, reply: {} };
  await handlers.recoveryEvents(call as unknown as Parameters<typeof handlers.recoveryEvents>[0]);
  await end;
  expect(await Promise.all(heard.map(async ({ event, answer }) => [event, await answer]))).toEqual([
    ['status', 'open'],
    ['closed', 'closed'],
  ]);
});
