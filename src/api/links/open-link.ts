import type { RecoveryClient } from '../../client/recovery-client.ts';
import { readLink, type LinkClaims } from '../../config/approval-links.ts';
import { samePerson } from '../../domain/approval.ts';
import { RerailError } from '../../domain/errors.ts';
import { accessDenied } from '../api-errors.ts';

const over = (why: string): RerailError =>
  new RerailError('approval-refused', why, {
    remedy: 'Look at the recovery; if it asks again, you get another link.',
    nonRetryable: true,
  });

/** Who the link is for and what it may do. Throws `access-denied` for one that is not ours, `approval-refused` for an old one. */
export async function requireLink(token: string, keysFile: string | undefined): Promise<LinkClaims> {
  const claims = keysFile === undefined ? undefined : await readLink(token, keysFile);
  if (!claims) {
    throw accessDenied('this link is not valid', 'Open the whole link as it was sent, or answer on the command line.');
  }
  if (Date.now() > claims.expiresAt) throw over(`this link was good until ${new Date(claims.expiresAt).toISOString()}`);
  return claims;
}

/**
 * The question that the link answers, as the recovery asks it now. Its own record says whether the link was used: one wait
 * takes one answer of one person, and a link goes with one wait. Throws `approval-refused`.
 */
export async function openQuestion(claims: LinkClaims, recoveries: RecoveryClient) {
  const { workflowId, runId, since, planHash, actionId, by } = claims;
  const { open, snapshot, plan, reported } = await recoveries.notifications.look(workflowId, runId);
  if (!open || !snapshot) throw over(`${workflowId} has closed`);
  const { waitingFor, approval, target } = snapshot;
  if (!approval || waitingFor?.kind !== 'approval' || waitingFor.since !== since) {
    throw over('this was answered meanwhile, or is asked anew with another link');
  }
  if (approval.planHash !== planHash || approval.actionId !== actionId) throw over('the plan has changed');
  if (approval.granted.some((name) => samePerson(name, by))) throw over(`this link was used: ${by} has approved`);
  return { target, approval, plan: plan ?? null, reported: reported?.message ?? '' };
}
