import { readApprovalKeys } from '../../config/approval-keys.ts';
import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { signApproval, type ApproveInput, type Verdict } from '../../domain/approval.ts';
import type { Actor } from '../auth/actor.ts';
import { DIGESTS } from '../../process/digests.ts';

/** How long a signed answer may be on its way to the workflow. */
const TTL_MS = 60_000;

interface Signed {
  input: ApproveInput;
  signed: boolean;
  unsignedBecause?: string;
}

/** Puts the actor in, and a signature where this server can vouch for who it is. */
export async function signAnswer(
  handle: RecoveryHandle,
  verdict: Verdict,
  answer: Omit<ApproveInput, 'by' | 'roles' | 'signature'>,
  { actor, keysFile }: { actor: Actor; keysFile: string | undefined },
): Promise<Signed> {
  const input: ApproveInput = { ...answer, by: actor.name, roles: [...actor.roles, ...actor.teams].slice(0, 20) };
  const unsigned = (unsignedBecause: string): Signed => ({ input, signed: false, unsignedBecause });
  if (actor.via === 'local') return unsigned('this server asks nobody for a token');
  if (keysFile === undefined) return unsigned('this server has no key: see the setting approvalKeysFile');
  const [key = ''] = await readApprovalKeys(keysFile);
  const { workflowId, runId } = await handle.describe();
  const options = { workflowId, runId, verdict, key, now: new Date(), ttlMs: TTL_MS };
  return { input: signApproval(input, options, DIGESTS), signed: true };
}
