import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, RerailError } from '../../domain/errors.ts';
import { outputOf, sandboxProcess } from './sandbox-processes.ts';
import type { ServiceStart } from './service-start.ts';

const WITHIN_MS = 30_000;
const EVERY_MS = 50;

/** Asks until it answers. Throws `setup-failed` with what it has written, at once when it has ended. */
export async function awaitReady(
  { place, signal }: Pick<ServiceStart, 'place' | 'signal'>,
  name: string,
  ask: () => Promise<unknown>,
): Promise<void> {
  const until = Date.now() + WITHIN_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      await ask();
      return;
    } catch (error) {
      const ended = !(await sandboxProcess(place, name));
      if (!ended && Date.now() < until) {
        await delay(EVERY_MS);
        continue;
      }
      const said = (await outputOf(place, name)) || messageOf(error);
      throw new RerailError(
        'setup-failed',
        `${name} of the sandbox ${ended ? 'has ended' : 'does not answer'}: ${said}`,
        {
          remedy: 'See what it has written; the drill can be started again.',
          nonRetryable: true,
        },
      );
    }
  }
}
