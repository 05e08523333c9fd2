import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { FailureType } from '../../domain/failure.ts';
import { askedWaitMs } from '../../domain/retry-after.ts';
import { networkCode } from '../http.ts';
import type { LookAt } from './look.ts';

const CONTENT_LIMIT = 1024 * 1024;
const HEADERS = { accept: '*/*', connection: 'close', 'user-agent': 'rerail' };

const typeOf = (status: number): FailureType => (status === 429 ? 'rate_limit' : 'api_failure');

/** A connection of its own, closed with the look: a pool would keep it, and might keep it from a server that hangs. */
async function open<T>(url: string, signal: AbortSignal, read: (answer: IncomingMessage) => Promise<T>): Promise<T> {
  const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, {
    agent: false,
    headers: HEADERS,
    signal,
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      // Stays for errors after the answer has begun, which reading it tells of.
      request.on('error', reject).once('response', resolve).end();
    });
    return await read(answer);
  } finally {
    request.destroy();
  }
}

/** At most the limit, so that an endless body cannot fill the memory. */
async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > CONTENT_LIMIT) break;
  }
  return Buffer.concat(chunks).subarray(0, CONTENT_LIMIT).toString('utf8');
}

const headerOf =
  ({ headers }: IncomingMessage) =>
  (name: string): string | null =>
    [headers[name] ?? []].flat()[0] ?? null;

export const lookAtHttp: LookAt<'http'> = async ({ url, status: wanted, contains }, { signal }) => {
  const started = Date.now();
  try {
    return await open(url, signal, async (answer) => {
      const { statusCode: status = 0 } = answer;
      const right = wanted === undefined ? status >= 200 && status < 400 : status === wanted;
      const has = contains === undefined || (await readText(answer)).includes(contains);
      const ms = Date.now() - started;
      const seen = `HTTP ${status} in ${ms} ms`;
      const passed = right && has;
      const wait = passed ? undefined : askedWaitMs(status, headerOf(answer), Date.now());
      return {
        passed,
        observed: has ? seen : `${seen}, body lacks ${JSON.stringify(contains)}`,
        value: ms,
        unit: 'ms',
        ...(passed ? {} : { failureType: typeOf(status) }),
        ...(wait === undefined ? {} : { retryAfterMs: wait }),
      };
    });
  } catch (error) {
    const code = signal.aborted ? 'ETIMEDOUT' : networkCode(error);
    return { passed: false, observed: code, failureType: code === 'ETIMEDOUT' ? 'timeout' : 'network' };
  }
};
