import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, isRerailError, messageOf, RerailError } from '../../domain/errors.ts';

export interface S3Attempts {
  /** Runs the work, again when it failed in a way that may pass. Throws `RerailError` only. */
  run: <T>(operation: string, key: string, work: () => Promise<T>) => Promise<T>;
}

const FIRST_DELAY_MS = 200;

/** Undefined when no answer came. */
export function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata;
  return typeof metadata?.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

const LOCAL_CODES = ['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', 'EROFS', 'EMFILE'];

/** Of the file on this side rather than of the storage. */
function isLocal(error: unknown): boolean {
  return error instanceof Error && ('path' in error || LOCAL_CODES.includes(codeOf(error) ?? ''));
}

/** 409 is the answer to two conditional writes at once; a clock that is off is set right by the first answer. */
function mayPass(error: unknown): boolean {
  const status = statusOf(error);
  if (isRerailError(error)) return !error.nonRetryable;
  if (isLocal(error) || nameOf(error) === 'CredentialsProviderError') return false;
  if (nameOf(error) === 'RequestTimeTooSkewed') return true;
  return status === undefined || status < 400 || status >= 500 ? status !== 501 : [408, 409, 429].includes(status);
}

function remedyFor(error: unknown): string {
  const status = statusOf(error);
  const name = nameOf(error);
  if (name === 'CredentialsProviderError')
    return 'Give credentials, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile.';
  if (name === 'NoSuchBucket') return 'Create the bucket, or correct its name in the settings.';
  if (status === 401 || status === 403) return 'Check the credentials and what they may do with this bucket.';
  if (status === 501) return 'Use a storage that knows `If-None-Match` on writes.';
  if (status === undefined) return 'Check the endpoint and the network to it; what was replicated before is safe.';
  if (status >= 500) return 'Look after the storage service; what was replicated before is safe.';
  return 'Check endpoint, region and bucket in the settings.';
}

/** Node's error for several addresses that all refuse has no message of its own. */
function reasonOf(error: unknown): string {
  const reasons = error instanceof AggregateError ? (error.errors as unknown[]).map(messageOf) : [messageOf(error)];
  const text = [...new Set(reasons)].filter((reason) => reason !== '').join(', ') || codeOf(error) || 'no reason given';
  const name = nameOf(error);
  const known = ['', 'Error', 'AggregateError'].includes(name) || text.includes(name);
  const status = statusOf(error);
  return (known ? text : `${name}: ${text}`) + (status === undefined ? '' : ` (HTTP ${String(status)})`);
}

/**
 * The service's error carries the request's headers and is not passed on as the cause: what goes into a history stays
 * there. `hide` takes the secrets that are known out of the text.
 */
export function createAttempts(place: string, attempts: number, hide: (text: string) => string): S3Attempts {
  const failed = (operation: string, key: string, error: unknown, tries: number): RerailError => {
    const reason = hide(reasonOf(error));
    const status = statusOf(error);
    const after = tries > 1 ? ` after ${String(tries)} attempts` : '';
    return new RerailError('replica-failed', `Cannot ${operation} ${key} at ${place}${after}: ${reason}`, {
      remedy: remedyFor(error),
      details: { place, key, operation, status: status ?? null, attempts: tries },
      nonRetryable: !mayPass(error),
    });
  };
  const localFailure = (operation: string, key: string, error: unknown): RerailError => {
    const full = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
    const message = `Cannot ${operation} ${key} at ${place}: this side failed: ${messageOf(error)}`;
    const remedy = full ? 'Free space where temporary files are kept.' : 'Check the directory of temporary files.';
    return new RerailError(full ? 'disk-full' : 'replica-failed', message, { remedy, cause: error });
  };
  return {
    async run(operation, key, work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await work();
        } catch (error) {
          const isLast = tries >= attempts || !mayPass(error);
          if (isLast && isRerailError(error)) throw error;
          if (isLast) throw isLocal(error) ? localFailure(operation, key, error) : failed(operation, key, error, tries);
          await delay(FIRST_DELAY_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
        }
      }
    },
  };
}
