import { signatureRefusal, type SignedAnswer } from '../domain/approval.ts';
import { readApprovalKeys } from '../config/approval-keys.ts';
import { DIGESTS } from '../process/digests.ts';

export interface ApprovalDeps {
  /** Unset: this worker cannot check a signature, so that no signed answer counts. */
  approvalKeysFile?: string | undefined;
}

/** Checks the signature of one answer. What it says is recorded, so that a replay does not depend on keys or clocks. */
export async function checkApproval(
  answer: SignedAnswer,
  { approvalKeysFile }: ApprovalDeps,
): Promise<{ refusal: string | null }> {
  if (approvalKeysFile === undefined) {
    return { refusal: 'this worker holds no key to check a signature with: see the setting approvalKeysFile' };
  }
  const keys = await readApprovalKeys(approvalKeysFile);
  return { refusal: signatureRefusal(answer, keys, new Date(), DIGESTS) ?? null };
}
