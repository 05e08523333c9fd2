import { toMs, type Duration } from './duration.ts';
import { retryAfterMs } from './retry-after.ts';

/** What one thrown value says of itself. */
export interface ThrownFields {
  name?: string;
  code?: string;
  /** The errno or status behind a code of our own. */
  detailCode?: string;
  exitCode?: number;
  signal?: string;
  httpStatus?: number;
  retryAfterMs?: number;
  stdout?: string;
  stderr?: string;
}

/** A getter of a foreign object may throw. */
export function readProperty(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function toJson(value: object): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return 'an object that does not serialise';
  }
}

/** The message of anything thrown. */
export function textOf(value: unknown): string {
  const message = readProperty(value, 'message');
  if (typeof message === 'string' && message !== '') return message;
  if (typeof value === 'object' && value !== null) {
    const name = readProperty(value, 'name');
    return value instanceof Error ? (typeof name === 'string' ? name : 'Error') : toJson(value);
  }
  if (value === undefined || value === null) return `${value} was thrown`;
  const scalar = value as string | number | symbol;
  return String(scalar);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Output of a child process comes as text or as a Buffer. */
function outputOf(value: unknown): string | undefined {
  if (typeof value === 'string') return text(value);
  return value instanceof Uint8Array ? text(new TextDecoder().decode(value)) : undefined;
}

const integer = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) ? value : undefined;

/** The first argument that is something. */
const firstOf = <T>(...values: (T | undefined)[]): T | undefined => values.find((value) => value !== undefined);

const GRPC_CODES = [
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED',
].flatMap((line) => line.split(' '));

function headerOf(error: unknown, name: string): string | undefined {
  const response = readProperty(error, 'response');
  for (const headers of [readProperty(error, 'headers'), readProperty(response, 'headers')]) {
    if (typeof headers !== 'object' || headers === null) continue;
    const get = readProperty(headers, 'get');
    if (typeof get === 'function') {
      const found: unknown = get.call(headers, name);
      if (typeof found === 'string') return found;
    }
    const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1] as unknown;
    if (typeof entry === 'string' || typeof entry === 'number') return String(entry);
  }
  return undefined;
}

/** Our own errors keep exit status, HTTP status and errno in `details`; through Temporal they come as a list. */
function detailsOf(error: unknown): unknown {
  const details = readProperty(error, 'details');
  const head: unknown = Array.isArray(details) ? details[0] : details;
  return readProperty(head, 'details') ?? head;
}

function codeOf(error: unknown): string | undefined {
  const code = readProperty(error, 'code');
  if (typeof code === 'number' && readProperty(error, 'metadata') !== undefined) return GRPC_CODES[code];
  // A timeout of Temporal has its kind, an ApplicationFailure its type.
  return firstOf(text(code), text(readProperty(error, 'timeoutType')), text(readProperty(error, 'type')));
}

function isOfProcess(error: unknown): boolean {
  return ['pid', 'cmd', 'killed', 'spawnargs'].some((key) => readProperty(error, key) !== undefined);
}

function exitCodeOf(error: unknown, details: unknown): number | undefined {
  const own = isOfProcess(error)
    ? firstOf(integer(readProperty(error, 'code')), integer(readProperty(error, 'status')))
    : undefined;
  return firstOf(own, integer(readProperty(error, 'exitCode')), integer(readProperty(details, 'exitCode')));
}

function httpStatusOf(error: unknown, details: unknown): number | undefined {
  const response = readProperty(error, 'response');
  const candidates = [
    ...(isOfProcess(error) ? [] : [readProperty(error, 'status'), readProperty(error, 'statusCode')]),
    readProperty(response, 'status'),
    readProperty(response, 'statusCode'),
    readProperty(details, 'httpStatus'),
  ];
  return candidates.map(integer).find((status) => status !== undefined && status >= 100 && status <= 599);
}

function waitOf(error: unknown, details: unknown, now: number): number | undefined {
  const delay = readProperty(error, 'nextRetryDelay');
  const given = typeof delay === 'string' ? toMs(delay as Duration) : integer(delay);
  return firstOf(
    retryAfterMs(headerOf(error, 'retry-after') ?? null, now),
    integer(readProperty(details, 'retryAfterMs')),
    given,
  );
}

/** Reads one link of a cause chain, whichever library made it. */
export function thrownFields(error: unknown, now: number): ThrownFields {
  const details = detailsOf(error);
  const found = {
    name: text(readProperty(error, 'name')),
    code: codeOf(error),
    detailCode: text(readProperty(details, 'code')),
    exitCode: exitCodeOf(error, details),
    signal: firstOf(text(readProperty(error, 'signal')), text(readProperty(details, 'signal'))),
    httpStatus: httpStatusOf(error, details),
    retryAfterMs: waitOf(error, details, now),
    stdout: firstOf(outputOf(readProperty(error, 'stdout')), outputOf(readProperty(details, 'stdout'))),
    stderr: firstOf(outputOf(readProperty(error, 'stderr')), outputOf(readProperty(details, 'stderr'))),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}
