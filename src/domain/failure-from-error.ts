import type { Duration } from './duration.ts';
import type { Failure, FailureCause } from './failure.ts';
import { readProperty, textOf, thrownFields } from './thrown-fields.ts';

/** The fields of a Failure that an error can tell; who reports it adds the target. */
export type ErrorFields = Pick<Failure, 'message' | 'causes'> &
  Partial<
    Pick<Failure, 'code' | 'errorName' | 'exitCode' | 'signal' | 'httpStatus' | 'retryAfter' | 'stdout' | 'stderr'>
  >;

export interface ReadErrorOptions {
  /** Masks secrets; applied before a text is cut, so that no half of one is left. */
  redact: (text: string) => string;
  /** Milliseconds since 1970, for a Retry-After that is a date. */
  now: number;
}

const MAX_MESSAGE = 10_000;
const MAX_CAUSE = 2_000;
const MAX_CAUSES = 20;
const MAX_OUTPUT = 16_000;
const MAX_WORD = 200;
/** A text is cut to this many times what is kept before it is masked. */
const MARGIN = 4;

/** The error, its causes and what an AggregateError gathers, the outermost first. Circles end. */
function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  const visit = (link: unknown): void => {
    if (link === undefined || link === null || chain.includes(link) || chain.length > MAX_CAUSES) return;
    chain.push(link);
    visit(readProperty(link, 'cause'));
    const gathered = readProperty(link, 'errors');
    // The first of them is the one that rules ask first, and they ask from the end.
    if (Array.isArray(gathered)) gathered.slice(0, MAX_CAUSES).reverse().forEach(visit);
  };
  visit(error);
  return chain.length > 0 ? chain : [error];
}

/**
 * Reads what any thrown value tells of a failure: an Error with its causes, an AggregateError, a failure of Temporal, an error
 * of a child process or of an HTTP client, a string (requirement 3.5). Texts are bounded and masked. Never throws.
 */
export function readError(error: unknown, { redact, now }: ReadErrorOptions): ErrorFields {
  const cut = (text: string, limit: number): string => redact(text.slice(0, limit * MARGIN)).slice(0, limit);
  const tail = (text: string): string => redact(text.slice(-MAX_OUTPUT * MARGIN)).slice(-MAX_OUTPUT);
  const links = chainOf(error).map((link) => ({ message: textOf(link), ...thrownFields(link, now) }));
  const [top, ...below] = links;
  const first = <Key extends keyof (typeof links)[number]>(key: Key) =>
    links.find((link) => link[key] !== undefined)?.[key];
  const causes = below.flatMap(({ name, code, detailCode, message }): FailureCause[] => {
    const cause = {
      ...(name === undefined ? {} : { name: name.slice(0, MAX_WORD) }),
      ...(code === undefined ? {} : { code: code.slice(0, MAX_WORD) }),
      message: cut(message, MAX_CAUSE),
    };
    return detailCode === undefined ? [cause] : [cause, { code: detailCode, message: cause.message }];
  });
  const message = cut(top?.message ?? '', MAX_MESSAGE);
  const detail = top?.detailCode;
  const exitCode = first('exitCode');
  const signal = first('signal');
  const httpStatus = first('httpStatus');
  const wait = first('retryAfterMs');
  const stdout = first('stdout');
  const stderr = first('stderr');
  return {
    message: message.trim() === '' ? 'an error without a message' : message,
    causes: [
      ...(detail === undefined ? [] : [{ code: detail, message: message.slice(0, MAX_CAUSE) }]),
      ...causes,
    ].slice(0, MAX_CAUSES),
    ...(top?.name === undefined ? {} : { errorName: top.name.slice(0, MAX_WORD) }),
    ...(top?.code === undefined ? {} : { code: top.code.slice(0, MAX_WORD) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(wait === undefined ? {} : { retryAfter: `${Math.ceil(wait / 1000)}s` as Duration }),
    ...(stdout ? { stdout: tail(stdout) } : {}),
    ...(stderr ? { stderr: tail(stderr) } : {}),
  };
}
