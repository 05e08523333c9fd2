import { readFile, writeFile } from 'node:fs/promises';
import { codeOf, RerailError } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import type { VerifyDeps } from '../domain/verify-receipt.ts';
import { hashPlan } from '../planner/hash-plan.ts';
import { DIGESTS, sha256 } from '../process/digests.ts';

const MIN_KEY_LENGTH = 32;

export const RECEIPT_CRYPTO: VerifyDeps = {
  ...DIGESTS,
  hashPlan: ({ hash: _hash, ...plan }: Plan) => hashPlan(plan, sha256),
};

async function read(file: string, what: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new RerailError('invalid-input', `${what} ${file} cannot be read (${codeOf(cause) ?? 'unknown'})`, {
      remedy: 'Check the path.',
      cause,
      nonRetryable: true,
    });
  });
}

export const readReceipt = (file: string): Promise<Buffer> => read(file, 'the receipt');

/** The key of receipts: the text of a file without the white space around it. Throws `invalid-input`. */
export async function readSignKey(file: string): Promise<string> {
  const key = (await read(file, 'the key file')).toString('utf8').trim();
  if (key.length >= MIN_KEY_LENGTH) return key;
  throw new RerailError('invalid-input', `${file} holds a key of fewer than ${MIN_KEY_LENGTH} characters`, {
    remedy: 'Make one with `openssl rand -hex 32`.',
    nonRetryable: true,
  });
}

/** Never over another one: a receipt is evidence. */
export async function writeReceipt(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx' }).catch((cause: unknown) => {
    const code = codeOf(cause);
    throw new RerailError(
      'invalid-input',
      code === 'EEXIST' ? `${file} is there already` : `${file} cannot be written (${code ?? 'unknown'})`,
      { remedy: 'Name a new file in a directory that you may write to.', cause, nonRetryable: true },
    );
  });
}
