import { readFile } from 'node:fs/promises';
import { codeOf, RerailError } from '../domain/errors.ts';

const MIN_KEY_LENGTH = 32;

/**
 * The keys that signed approvals are checked with, one a line; lines that begin with # are left out. The first one
 * signs, all of them count, so that a key can be replaced. Throws `settings-invalid`.
 */
export async function readApprovalKeys(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new RerailError('settings-invalid', `the approval keys in ${file} cannot be read: ${codeOf(error) ?? ''}`, {
      remedy: 'Make the file of the setting approvalKeysFile readable, or take the setting away.',
      cause: error,
      nonRetryable: true,
    });
  }
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const short = keys.findIndex((key) => key.length < MIN_KEY_LENGTH);
  if (keys.length > 0 && short === -1) return keys;
  const what = keys.length === 0 ? 'holds no key' : `holds a key of fewer than ${MIN_KEY_LENGTH} characters`;
  throw new RerailError('settings-invalid', `${file} ${what}`, {
    remedy: 'Make one with `openssl rand -hex 32` and put it on a line of its own.',
    nonRetryable: true,
  });
}
