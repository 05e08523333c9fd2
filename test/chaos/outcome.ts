/** What one experiment found. All bars hold when there are no violations and it did what it was asked to. */
export interface Outcome {
  experiment: string;
  seed: number;
  /** Trials by what became of them. */
  counts: Record<string, number>;
  /** Each with what is needed to have it again. */
  violations: string[];
  /** Why it could not be run here; then it proves nothing. */
  skipped?: string;
}

export type Tell = (line: string) => void;

export function createTally(experiment: string, seed: number, tell: Tell) {
  const outcome: Outcome = { experiment, seed, counts: {}, violations: [] };
  return {
    outcome,
    count(what: string, by = 1): void {
      outcome.counts[what] = (outcome.counts[what] ?? 0) + by;
    },
    violated(what: string): void {
      outcome.violations.push(what);
      tell(`VIOLATION ${experiment}: ${what}`);
    },
  };
}

export type Tally = ReturnType<typeof createTally>;

/** The code of a known error, else its text: an error without a code is itself a finding. */
export function describeError(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return `${typeof code === 'string' ? code : 'error'}: ${String(message ?? error).slice(0, 300)}`;
}
