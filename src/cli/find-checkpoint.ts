import type { RecoveryClient } from '../client/recovery-client.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';

/** By its id, or as `latest`, `previous`, `phase:<name or number>` of a subject. */
export async function findCheckpoint(
  { checkpoints }: RecoveryClient,
  target: string,
  subject: string | undefined,
): Promise<CheckpointRecord> {
  if (subject !== undefined) return checkpoints.resolve(subject, target);
  if (target.startsWith('cp_')) return checkpoints.get(target);
  throw new RerailError('invalid-input', `"${target}" needs to know of which subject`, {
    remedy: 'Name it with --subject, or give the id of a checkpoint; `rerail checkpoint list` shows both.',
  });
}
