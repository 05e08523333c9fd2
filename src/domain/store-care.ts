import type { CheckpointRecord, RetentionPolicy } from './checkpoint.ts';

/** What a clean-up by night keeps (requirement 1.6). What a person made on purpose is never removed by itself. */
export const DEFAULT_RETENTION: RetentionPolicy = {
  keepLast: 10,
  keepPhaseEndpoints: true,
  olderThan: '7d',
  keepTags: ['keep'],
  keepTypes: ['manual', 'milestone', 'pre-deploy'],
};

export interface StoredCheckpoint {
  id: string;
  /** Null for one that cannot be read. */
  subject: string | null;
  createdAt: string;
}

export interface StoreProblem {
  /** Empty for a file of the store itself. */
  checkpointId: string;
  item: string;
  problem: string;
}

/** What a look at the store has found out about one checkpoint. */
export interface CheckpointFinding {
  id: string;
  state?: CheckpointRecord['state'];
  /** Null takes an earlier reason away. */
  stateReason?: string | null;
  lastVerifiedAt?: string;
  verifyLevel?: NonNullable<CheckpointRecord['verifyLevel']>;
  replica?: NonNullable<CheckpointRecord['replica']>;
}

export interface StoreCareInput {
  host: string;
  /** Default: as {@link DEFAULT_RETENTION} says; null keeps everything. */
  retention?: RetentionPolicy | null;
}

export interface StoreCareReport {
  host: string;
  startedAt: string;
  finishedAt: string;
  /** Damage that was found, before any repair. */
  problems: StoreProblem[];
  quarantined: { name: string; problem: string; lostObjects: number | null }[];
  /** Checkpoints that have lost something, as they stand now. */
  corrupt: string[];
  /** Checkpoints that were corrupt and are whole again. */
  healed: string[];
  /** In a ledger and not in the store. */
  missing: string[];
  /** In the store and in no ledger; taken into the ledger of their subject. */
  adopted: string[];
  removed: { subject: string; ids: string[] }[];
  freedBytes: number;
  replicated: string[];
  /** What could not be done, in words. */
  failures: string[];
  usage: { checkpoints: number; bytes: number; quarantinedBytes: number; freeBytes: number };
}

/** A capture that is under way is in the store before it is in a ledger. */
const YOUNG_MS = 60 * 60 * 1000;

export interface Reconciled {
  findings: CheckpointFinding[];
  orphans: string[];
  missing: string[];
  corrupt: string[];
  healed: string[];
}

/** What a look at one host's store has found. */
export interface StoreFindings {
  host: string;
  stored: StoredCheckpoint[];
  problems: StoreProblem[];
  verifiedAt: string;
}

export interface ReplicatedCheckpoint {
  id: string;
  replica: NonNullable<CheckpointRecord['replica']>;
}

export interface Reconciliation extends Omit<Reconciled, 'findings'> {
  /** Whole, on this host, and without a copy. */
  unreplicated: string[];
}

/** What the care of a store asks of the ledgers. */
export interface LedgerCare {
  reconcileLedgers: (found: StoreFindings) => Promise<Reconciliation>;
  noteReplicas: (about: { host: string; replicated: ReplicatedCheckpoint[] }) => Promise<void>;
  cleanLedgers: (about: {
    host: string;
    policy: RetentionPolicy;
  }) => Promise<{ subject: string; ids: string[]; freedBytes: number }[]>;
}

/** Compares what one host's store has with what the ledgers say of it. */
export function reconcileStore(
  records: readonly CheckpointRecord[],
  stored: readonly StoredCheckpoint[],
  problems: readonly StoreProblem[],
  { verifiedAt, now }: { verifiedAt: string; now: number },
): Reconciled {
  const inStore = new Set(stored.map(({ id }) => id));
  const known = new Set(records.map(({ info }) => info.id));
  const lost = new Map<string, StoreProblem[]>();
  for (const problem of problems) lost.set(problem.checkpointId, [...(lost.get(problem.checkpointId) ?? []), problem]);
  const result: Reconciled = { findings: [], orphans: [], missing: [], corrupt: [], healed: [] };
  for (const { info, state, skipped } of records) {
    const verified = { id: info.id, lastVerifiedAt: verifiedAt, verifyLevel: 'store' as const };
    const bad = lost.get(info.id);
    if (!inStore.has(info.id) && bad === undefined) {
      result.missing.push(info.id);
      result.findings.push({ ...verified, state: 'corrupt', stateReason: 'it is missing in the store' });
    } else if (bad !== undefined) {
      result.corrupt.push(info.id);
      const shown = bad.slice(0, 5).map(({ item, problem }) => `${item}: ${problem}`);
      const more = bad.length > 5 ? `; and ${bad.length - 5} more` : '';
      result.findings.push({ ...verified, state: 'corrupt', stateReason: shown.join('; ') + more });
    } else if (state === 'corrupt') {
      result.healed.push(info.id);
      const whole =
        skipped === 0 ? ({ state: 'complete', stateReason: null } as const) : ({ state: 'partial' } as const);
      result.findings.push({ ...verified, ...whole });
    } else result.findings.push(verified);
  }
  result.orphans = stored
    .filter(({ id, subject, createdAt }) => {
      return !known.has(id) && subject !== null && !lost.has(id) && now - Date.parse(createdAt) > YOUNG_MS;
    })
    .map(({ id }) => id);
  return result;
}
