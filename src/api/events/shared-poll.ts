import { setTimeout as delay } from 'node:timers/promises';

export type Listener<Event> = (event: Event) => void;

export interface SharedPoll<Event> {
  /** Calls the listener from now on; the answer stops that. */
  subscribe: (listener: Listener<Event>) => () => void;
  subscribers: () => number;
}

export interface SharedPollOptions<Event> {
  intervalMs: number;
  /** Looks once and tells what has changed; `done` when there will be nothing more. Must not throw. */
  look: (emit: Listener<Event>) => Promise<'more' | 'done'>;
}

/** One look for all who listen, and none while nobody does. */
export function createSharedPoll<Event>({ intervalMs, look }: SharedPollOptions<Event>): SharedPoll<Event> {
  const listeners = new Set<Listener<Event>>();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (listeners.size > 0) {
      const next = await look((event) => {
        for (const listener of listeners) listener(event);
      });
      if (next === 'done') break;
      await delay(intervalMs, undefined, { ref: false });
    }
    running = false;
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (!running) void run();
      return () => void listeners.delete(listener);
    },
    subscribers: () => listeners.size,
  };
}
