import { ApplicationFailure } from '@temporalio/workflow';
import type { CheckpointRecord } from '../domain/checkpoint.ts';

/**
 * All records are carried over to the next run of a ledger in one payload, and a payload holds 2 MB. What is left besides
 * these two is for the records of runs and the backups of restores: those are made already when they get here.
 */
export const MOST_RECORD_BYTES = 1_400_000;
const MOST_INLINE_BYTES = 400_000;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Enough for a list, of which an answer holds 2 MB as well. */
export const withoutState = ({ inline: _inline, ...rest }: CheckpointRecord): CheckpointRecord => rest;

/** Throws `store-quota-exceeded` when the next checkpoint might be one too many for this ledger. */
export function requireRoomInLedger(subject: string, records: readonly CheckpointRecord[], id: string): void {
  // Asked for again: it is there.
  if (records.some(({ info }) => info.id === id)) return;
  if (bytesOf(records.map(withoutState)) <= MOST_RECORD_BYTES) return;
  throw ApplicationFailure.create({
    message: `the ledger of ${subject} is full: it has ${records.length} checkpoints, and nothing was captured`,
    type: 'store-quota-exceeded',
    nonRetryable: true,
    details: [
      {
        remedy: `Remove old ones with \`rerail cleanup --subject ${subject}\`, where --older-than says how old, or use another subject.`,
      },
    ],
  });
}

/** State travels with the newest records, as far as there is room; of the others the store has it. */
export function carryOver(records: readonly CheckpointRecord[]): CheckpointRecord[] {
  let left = MOST_INLINE_BYTES;
  return records
    .toReversed()
    .map((record) => {
      if (record.inline === undefined) return record;
      left -= bytesOf(record.inline);
      return left >= 0 ? record : withoutState(record);
    })
    .toReversed();
}
