import { RerailError } from '../domain/errors.ts';

const PLAIN = 'rerail:plain-failures';
const ENCODED = 'rerail:encoded-failures';

/** The bundle's code with failures that are encoded; see workflows/failure-converter.ts. Throws `setup-failed`. */
export function encryptFailures(code: string): string {
  const changed = code.replaceAll(PLAIN, ENCODED);
  if (changed !== code) return changed;
  throw new RerailError('setup-failed', 'this bundle of workflows cannot encrypt the texts of failures', {
    remedy: 'Build it again with `npm run build`.',
    nonRetryable: true,
  });
}
