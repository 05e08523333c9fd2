import { Context } from '@temporalio/activity';

const PULSE_MS = 1000;

/** Tells the server every second that the work goes on. */
export async function withHeartbeat<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const pulse = setInterval(() => context.heartbeat(), PULSE_MS);
  try {
    return await work();
  } finally {
    clearInterval(pulse);
  }
}
