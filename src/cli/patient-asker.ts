import { setTimeout as delay } from 'node:timers/promises';
import { isRerailError, messageOf } from '../domain/errors.ts';
import type { Output } from './output/output.ts';

const ASK_AGAIN_MS = 1000;

/** No worker, or no server, has answered; both may only be starting again. */
const isUnanswered = (error: unknown): boolean =>
  isRerailError(error) && (error.code === 'timed-out' || error.code === 'server-unreachable');

/** For who watches: a worker or a server that is started again does not end a watch. It is said once each time that nobody answers. */
export function createPatientAsker(output: Output, stop: AbortSignal) {
  let unanswered = false;

  const answerTo = async <T>(question: () => Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await question();
      if (unanswered && !stop.aborted) output.info('Answered again.');
      unanswered = false;
      return answer;
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      if (!unanswered && !stop.aborted) output.info(`Not answered for now, still watching: ${messageOf(error)}.`);
      unanswered = true;
      return undefined;
    }
  };
  return {
    /** Undefined where nobody has answered, and as soon as `stop` says so. */
    ask: <T>(question: () => Promise<T>): Promise<T | undefined> =>
      new Promise((resolve, reject) => {
        const stopNow = (): void => resolve(undefined);
        if (stop.aborted) return stopNow();
        stop.addEventListener('abort', stopNow);
        void answerTo(question)
          .then(resolve, reject)
          .finally(() => stop.removeEventListener('abort', stopNow));
      }),
    /** The answer to what waits for an end, asked anew where the server was away. */
    end: async <T>(question: () => Promise<T>): Promise<T> => {
      for (;;) {
        try {
          return await question();
        } catch (error) {
          if (!isUnanswered(error) || stop.aborted) throw error;
          await delay(ASK_AGAIN_MS);
        }
      }
    },
  };
}

export type PatientAsker = ReturnType<typeof createPatientAsker>;
