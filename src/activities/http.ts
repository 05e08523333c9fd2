import { toMs, type Duration } from '../domain/duration.ts';
import { codeOf, messageOf, RerailError } from '../domain/errors.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { HttpOperation, OperationResult } from '../domain/operation.ts';
import { askedWaitMs } from '../domain/retry-after.ts';
import { readSecret } from '../process/read-secret.ts';
import { createRedactor, redactDeep } from '../telemetry/redact.ts';

const DEFAULT_TIMEOUT: Duration = '30s';
const BODY_LIMIT = 64 * 1024;

/** Reads at most the limit, so that an endless body cannot fill the memory. */
export async function readBounded(response: Response, limit: number): Promise<{ text: string; truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  while (reader && size <= limit) {
    const { done, value } = await reader.read();
    if (done) return { text: Buffer.concat(chunks).toString('utf8'), truncated: false };
    chunks.push(value);
    size += value.length;
  }
  await reader?.cancel();
  return { text: Buffer.concat(chunks).subarray(0, limit).toString('utf8'), truncated: size > limit };
}

/** The error code that fetch hides in its causes. */
export function networkCode(error: unknown): string {
  for (let link: unknown = error; link instanceof Error; link = link.cause) {
    if (link instanceof AggregateError) return networkCode(link.errors[0]);
    const code = codeOf(link);
    if (code) return code;
  }
  return error instanceof Error && error.name === 'TimeoutError' ? 'ETIMEDOUT' : 'ENETWORK';
}

/** What `Headers` refuses it repeats in its message, which may be a secret. */
function toHeaders(values: Record<string, string>, request: string): Headers {
  try {
    return new Headers(values);
  } catch {
    throw new RerailError(
      'invalid-input',
      `${request}: one of the headers ${Object.keys(values).join(', ')} has a value that HTTP does not allow`,
      {
        remedy: 'A header is one line; a secret in a file must not have several.',
        nonRetryable: true,
      },
    );
  }
}

const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
};

/**
 * Sends a request once; one that changes something carries the key as `Idempotency-Key`. Errors: `http-failed`, with
 * the network code or the status in its details and `Retry-After` as the least wait.
 */
export async function callHttp(input: { operation: HttpOperation; key: string }): Promise<OperationResult> {
  const { operation, key } = input;
  const { method, url } = operation;
  const started = Date.now();
  const secretHeaders = await Promise.all(
    Object.entries(operation.secretHeaders ?? {}).map(
      async ([name, reference]) => [name, await readSecret(reference)] as const,
    ),
  );
  const redact = createRedactor(secretHeaders.map(([, value]) => value));
  const headers = toHeaders({ ...operation.headers, ...Object.fromEntries(secretHeaders) }, `${method} ${redact(url)}`);
  if (method !== 'GET' && method !== 'HEAD' && !headers.has('idempotency-key')) headers.set('idempotency-key', key);
  if (operation.body !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json');
  let response: Response;
  let body: { text: string; truncated: boolean };
  try {
    response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(toMs(operation.timeout ?? DEFAULT_TIMEOUT)),
      ...(operation.body === undefined ? {} : { body: JSON.stringify(operation.body) }),
    });
    // Within the same limit: a connection that breaks or stalls in the body has failed as well.
    body = await readBounded(response, BODY_LIMIT);
  } catch (cause) {
    const code = networkCode(cause);
    throw new RerailError('http-failed', redact(`${method} ${url}: ${code}: ${messageOf(cause)}`), {
      details: { code },
    });
  }
  const { text, truncated } = body;
  const expected = operation.expectStatus ? operation.expectStatus.includes(response.status) : response.ok;
  const result = { httpStatus: response.status, truncated, durationMs: Date.now() - started };
  if (expected) return { ...result, output: redactDeep(parse(text), redact) as Json };
  const wait = askedWaitMs(response.status, (name) => response.headers.get(name), Date.now());
  throw new RerailError('http-failed', redact(`${method} ${url} answered ${response.status}: ${text}`).slice(0, 600), {
    details: { httpStatus: response.status, ...(wait === undefined ? {} : { retryAfterMs: wait }) },
  });
}
