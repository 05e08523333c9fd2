import type { Tell } from '../outcome.ts';

/** What must not happen, and the column of the table that counts it. */
export const WRONGS = ['lost', 'doubled', 'undone', 'unverified', 'other'] as const;
export type Wrong = (typeof WRONGS)[number];

/** What one experiment did and found. Everything but the first counts must be zero. */
export interface Row extends Record<Wrong, number> {
  experiment: string;
  seed: number;
  seconds: number;
  /** Faults that were seen to have taken effect. */
  faults: number;
  recoveries: number;
  /** Details, by name. */
  counts: Record<string, number>;
  /** One text for each wrong, with what is needed to have it again. */
  violations: string[];
  /** Why it could not be run here; then it proves nothing. */
  skipped?: string;
}

export function openAccount(experiment: string, seed: number, tell: Tell) {
  const row: Row = {
    ...{ experiment, seed, seconds: 0, faults: 0, recoveries: 0 },
    ...{ lost: 0, doubled: 0, undone: 0, unverified: 0, other: 0 },
    ...{ counts: {}, violations: [] },
  };
  return {
    row,
    tell: (line: string): void => tell(`${experiment}: ${line}`),
    fault(kind: string, by = 1): void {
      row.faults += by;
      row.counts[kind] = (row.counts[kind] ?? 0) + by;
    },
    count(what: string, by = 1): void {
      row.counts[what] = (row.counts[what] ?? 0) + by;
    },
    /** Keeps the highest of them. */
    most(what: string, seen: number): void {
      row.counts[what] = Math.max(row.counts[what] ?? 0, seen);
    },
    recovered(): void {
      row.recoveries += 1;
    },
    wrong(kind: Wrong, what: string): void {
      row[kind] += 1;
      row.violations.push(`${kind}: ${what}`);
      tell(`VIOLATION ${experiment}, ${kind}: ${what}`);
    },
  };
}

export type Account = ReturnType<typeof openAccount>;

export const isClean = (row: Row): boolean => row.skipped === undefined && WRONGS.every((kind) => row[kind] === 0);

/** Whoever has done nothing has proved nothing. */
export function requireWork({ row, wrong }: Account): void {
  if (row.faults === 0) wrong('other', 'no fault was injected');
  if (row.recoveries === 0) wrong('other', 'nothing was recovered');
}
