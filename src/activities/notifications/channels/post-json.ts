import { askedWaitMs } from '../../../domain/retry-after.ts';
import { networkCode, readBounded } from '../../http.ts';
import { DeliveryError } from '../delivery-error.ts';

/** For the whole of one request. A channel that hangs costs one try. */
const ANSWER_WITHIN_MS = 10_000;
const BODY_LIMIT = 4096;

/** Answers that another try can change. */
const PASSING = [408, 409, 425, 429];

export interface PostInput {
  /** May be a secret: it is in no error. */
  url: string;
  body: string;
  headers?: Record<string, string>;
}

/** Sends JSON once. Throws DeliveryError. */
export async function postJson({ url, body, headers = {} }: PostInput): Promise<string> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'user-agent': 'rerail', ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    ({ text } = await readBounded(response, BODY_LIMIT));
  } catch (error) {
    throw new DeliveryError(`no answer (${networkCode(error)})`);
  }
  if (response.ok) return text;
  const { status } = response;
  throw new DeliveryError(`answered with status ${status}`, {
    permanent: status < 500 && !PASSING.includes(status),
    retryAfterMs: askedWaitMs(status, (name) => response.headers.get(name), Date.now()),
  });
}
