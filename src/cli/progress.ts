import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { decodePayload } from '../client/decode-payload.ts';
import type { Output } from './output/output.ts';
import { formatBytes } from './output/render.ts';

const LOOK_EVERY_MS = 300;

interface Step {
  phase: string;
  files?: number;
  bytes?: number;
  current?: number;
  total?: number;
  item?: string;
  message?: string;
}

/** What the activities of a workflow last told of themselves. */
async function readHeartbeats(client: Client, workflowId: string): Promise<Step[]> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const payloads = (raw.pendingActivities ?? []).flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads ?? []);
  const told = await Promise.all(payloads.map((payload) => decodePayload<Partial<Step> | null>(client, payload)));
  // A heartbeat may say no more than that its activity is alive.
  return told.flatMap((step) => (step?.phase === undefined ? [] : [{ ...step, phase: step.phase }]));
}

function describe({ phase, files, bytes, current, total, item, message }: Step): string {
  const counts = [
    ...(message === undefined || message === phase ? [] : [message]),
    ...(current === undefined ? [] : [total === undefined ? `${current}` : `${current} of ${total}`]),
    ...(files === undefined ? [] : [`${files} files`]),
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(item === undefined ? [] : [item]),
  ];
  return [phase, ...counts].join(' · ');
}

/**
 * Shows how far a long work has come while it is awaited: one moving line on a terminal, JSON lines on stderr with
 * `-o jsonl`, nothing otherwise.
 */
export async function withProgress<T>(
  { client, output, workflowId }: { client: Client; output: Output; workflowId: string },
  work: () => Promise<T>,
): Promise<T> {
  const lines = output.format === 'jsonl';
  if (!output.isInteractive && !lines) return work();
  const done = new AbortController();
  let last = '';
  const show = async (): Promise<void> => {
    while (!done.signal.aborted) {
      // Only an addition to the work: a server that cannot tell is heard of by the work itself.
      // A signal for each look: the client never takes its listeners off again.
      const look = client.withAbortSignal(AbortSignal.any([done.signal]), () => readHeartbeats(client, workflowId));
      const steps = await look.catch((): Step[] => []);
      for (const step of steps) {
        const text = lines ? JSON.stringify({ progress: step }) : describe(step);
        if (text !== last && lines) output.info(text);
        else if (text !== last) output.progress(text);
        last = text;
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: done.signal }).catch(() => undefined);
    }
  };
  const shown = show();
  try {
    return await work();
  } finally {
    done.abort();
    await shown;
    if (!lines) output.progress('');
  }
}
