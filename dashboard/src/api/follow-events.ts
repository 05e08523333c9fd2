import { createParser } from 'eventsource-parser';

export interface ServerEvent {
  event: string;
  data: unknown;
}

export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'ended';

export interface FollowOptions {
  path: string;
  token: string | undefined;
  signal: AbortSignal;
  onEvent: (event: ServerEvent) => void;
  /** `again`: there was a gap, so that what was shown has to be asked for once more. */
  onState: (state: StreamState, again: boolean) => void;
  /** True: it is the last one. */
  isLast?: (event: ServerEvent) => boolean;
}

/** The server gives a sign of life every 15 s; a connection that is quiet for longer is gone. Milliseconds. */
const QUIET_MS = 40_000;
/** Between two tries while the server is away. */
export const LONGEST_WAIT_MS = 5000;

/** Ends early with the signal. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/**
 * Server-sent events with the token in a header, which `EventSource` cannot send. Comes back with the last id after every
 * end, until the signal, the last event, or an answer that will stay the same (401, 403, 404).
 */
export async function followEvents({ path, token, signal, onEvent, onState, isLast }: FollowOptions): Promise<void> {
  let lastId = '';
  let tries = 0;
  let connectedBefore = false;
  let ended = false;

  async function readOnce(): Promise<void> {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    signal.addEventListener('abort', stop, { once: true });
    let quiet = setTimeout(stop, QUIET_MS);
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(lastId === '' ? {} : { 'last-event-id': lastId }),
      };
      const response = await fetch(path, { headers, signal: attempt.signal });
      if ([401, 403, 404].includes(response.status)) ended = true;
      if (!response.ok || !response.body) return;
      tries = 0;
      onState('live', connectedBefore);
      connectedBefore = true;
      const parser = createParser({
        onEvent({ event = 'message', data, id }) {
          if (id !== undefined) lastId = id;
          const parsed = { event, data: JSON.parse(data) as unknown };
          onEvent(parsed);
          if (isLast?.(parsed)) ended = true;
        },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || ended) return;
        clearTimeout(quiet);
        quiet = setTimeout(stop, QUIET_MS);
        parser.feed(value);
      }
    } finally {
      clearTimeout(quiet);
      signal.removeEventListener('abort', stop);
      attempt.abort();
    }
  }

  onState('connecting', false);
  while (!signal.aborted) {
    await readOnce().catch(() => undefined);
    if (ended || signal.aborted) break;
    onState('reconnecting', false);
    await pause(Math.min(500 * 2 ** tries, LONGEST_WAIT_MS), signal);
    tries += 1;
  }
  if (!signal.aborted) onState('ended', false);
}
