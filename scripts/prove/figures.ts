import { z } from 'zod';

/** What a row shows. */
export interface Reading {
  figure: string;
  /** Samples behind it. */
  n?: number;
  /** Absent: nothing to compare with. */
  holds?: boolean;
}

export const showMs = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);

const SummarySchema = z.object({ n: z.number(), mean: z.number(), p50: z.number(), max: z.number() });
const CheckpointsSchema = z.object({ ms: z.record(z.string(), SummarySchema) });

/** p50 of what the bench of checkpoints has timed under this name. */
export const timeOf =
  (name: string, limitMs: number) =>
  (output: unknown): Reading | undefined => {
    const found = CheckpointsSchema.parse(output).ms[name];
    if (!found) return undefined;
    return { figure: `p50 ${showMs(found.p50)}, max ${showMs(found.max)}`, n: found.n, holds: found.p50 < limitMs };
  };

const BarSchema = z.object({
  what: z.string(),
  figure: z.number().nullable(),
  bar: z.number(),
  unit: z.string(),
  holds: z.boolean(),
});

/** How many of a bench's own bars hold, and which do not. */
export function barsOf(output: unknown): Reading | undefined {
  const { bars } = z.object({ bars: z.array(BarSchema).min(1) }).parse(output);
  const missed = bars.filter(({ holds }) => !holds);
  const told = missed.map(({ what, figure, bar, unit }) => `${what}: ${figure ?? 'none'} of ${bar} ${unit}`.trim());
  return {
    figure: [`${bars.length - missed.length} of ${bars.length} hold`, ...told].join('; '),
    n: bars.length,
    holds: missed.length === 0,
  };
}

const StoredSessionSchema = z.object({
  checkpoints: z.number(),
  treeBytes: z.number(),
  panes: z.number(),
  storeBytes: z.number(),
});

/** What the store holds of one session; nothing where there was no tmux. */
export function storedSessionOf(output: unknown): Reading | undefined {
  const { storedSession: stored } = z.object({ storedSession: StoredSessionSchema.nullish() }).parse(output);
  if (!stored) return undefined;
  const inMB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return {
    figure: `${inMB(stored.storeBytes)} after ${stored.checkpoints} checkpoints of ${stored.panes} full panes and a tree of ${inMB(stored.treeBytes)}`,
    n: 1,
    holds: stored.storeBytes < 100e6,
  };
}

export function memoryOf(output: unknown): Reading {
  const { memory } = z.object({ memory: z.object({ runs: z.number(), overMiB: z.number() }) }).parse(output);
  return { figure: `${memory.overMiB.toFixed(1)} MiB`, n: memory.runs, holds: memory.overMiB < 50 };
}

export function overheadOf(output: unknown): Reading {
  const found = z.object({ ratio: z.number(), rounds: z.number(), withinBound: z.boolean() }).parse(output);
  return { figure: `${found.ratio} x bare`, n: found.rounds, holds: found.withinBound };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const HealSchema = z.object({
  faults: z.number(),
  recovered: z.number(),
  duplicates: z.number(),
  waitedForPeople: z.number(),
  workerCpu: BarSchema,
  kinds: z.array(SummarySchema.extend({ kind: z.string(), bar: BarSchema })),
});

export const healOf = {
  cpu: (output: unknown): Reading => {
    const { workerCpu, faults } = HealSchema.parse(output);
    return { figure: `${workerCpu.figure ?? 'none'} ${workerCpu.unit}, mean`, n: faults, holds: workerCpu.holds };
  },
  mttr: (output: unknown): Reading => {
    const { kinds } = HealSchema.parse(output);
    const n = kinds.reduce((sum, kind) => sum + kind.n, 0);
    const mean = kinds.reduce((sum, kind) => sum + kind.mean * kind.n, 0) / n;
    const max = Math.max(...kinds.map((kind) => kind.max));
    return { figure: `mean ${showMs(mean)}, max ${showMs(max)}`, n, holds: mean < 30_000 };
  },
  success: (output: unknown): Reading => {
    const { faults, recovered } = HealSchema.parse(output);
    const share = recovered / faults;
    const told = `${percent(share)} (${recovered} of ${faults})`;
    if (recovered < faults) return { figure: told, n: faults, holds: share > 0.999 };
    // What so many faults without a miss say, with 95 % confidence.
    const least = 0.05 ** (1 / faults);
    const figure = `${told}, which says at least ${percent(least)}`;
    return { figure, n: faults, ...(least > 0.999 ? { holds: true } : {}) };
  },
  byHand: (output: unknown): Reading => {
    const { faults, waitedForPeople } = HealSchema.parse(output);
    return { figure: `${waitedForPeople} waited for a person`, n: faults, holds: waitedForPeople === 0 };
  },
};

const FuzzSchema = z.object({
  tried: z.array(z.object({ who: z.string(), requests: z.number(), clean: z.boolean() })).min(1),
});

/** Server errors, undocumented answers and ways past a role, by who asked. */
export function fuzzOf(output: unknown): Reading {
  const { tried } = FuzzSchema.parse(output);
  const found = tried.filter(({ clean }) => !clean).map(({ who }) => who);
  const requests = tried.reduce((sum, one) => sum + one.requests, 0);
  const figure = found.length === 0 ? `nothing, as ${tried.length} who ask` : `something as ${found.join(', ')}`;
  return { figure, n: requests, holds: found.length === 0 };
}

export function monitorCpu(output: unknown): Reading {
  const { twentyChecks } = z
    .object({ twentyChecks: z.object({ looks: z.number(), cpuPercentOfCore: z.number() }) })
    .parse(output);
  const { cpuPercentOfCore: percent, looks } = twentyChecks;
  return { figure: `${percent} % of a core`, n: looks, holds: percent < 1 };
}

export function costOf(output: unknown): Reading | undefined {
  const history = z.object({ events: z.number(), bytes: z.number(), actions: z.number() });
  const recovery = z.object({ name: z.string(), runs: z.number(), history });
  const found = z
    .object({ recoveries: z.array(recovery) })
    .parse(output)
    .recoveries.find(({ name }) => name === 'plan-3');
  if (!found) return undefined;
  const { events, bytes, actions } = found.history;
  return { figure: `${events} events, ${Math.round(bytes / 100) / 10} kB, ${actions} billed actions`, n: found.runs };
}

const ExperimentsSchema = z.object({
  experiments: z.array(
    z.object({
      experiment: z.string(),
      counts: z.record(z.string(), z.number()),
      violations: z.array(z.string()),
      skipped: z.string().optional(),
    }),
  ),
});

export function violationsOf(output: unknown): Reading {
  const { experiments } = ExperimentsSchema.parse(output);
  const broken = experiments.reduce((sum, { violations }) => sum + violations.length, 0);
  const skipped = experiments.flatMap(({ experiment, skipped: why }) => (why ? [`${experiment} skipped: ${why}`] : []));
  const trials = experiments.flatMap(({ counts }) => ['kills', 'flips'].map((key) => counts[key] ?? 0));
  return {
    figure: [`${broken} violations in ${experiments.length} experiments`, ...skipped].join('; '),
    n: trials.reduce((sum, count) => sum + count, 0),
    holds: broken === 0 && skipped.length === 0,
  };
}

const ChaosRowSchema = z.object({
  experiment: z.string(),
  faults: z.number(),
  recoveries: z.number(),
  lost: z.number(),
  doubled: z.number(),
  undone: z.number(),
  unverified: z.number(),
  other: z.number(),
  counts: z.record(z.string(), z.number()).default({}),
  skipped: z.string().optional(),
});

/** What tells how much of an experiment was done. */
const TOLD_COUNTS = ['places of the history', 'places killed at', 'open at once, of recoveries', 'seconds of killing'];

/** What one experiment of the chaos suite has counted. */
export const chaosOf =
  (name: string) =>
  (output: unknown): Reading | undefined => {
    const { experiments } = z.object({ experiments: z.array(ChaosRowSchema) }).parse(output);
    const row = experiments.find(({ experiment }) => experiment === name);
    if (!row) return undefined;
    if (row.skipped !== undefined) return { figure: `not run: ${row.skipped}`, n: 0, holds: false };
    const wrongs = ['lost', 'doubled', 'undone', 'unverified', 'other'] as const;
    const told = TOLD_COUNTS.flatMap((what) => (row.counts[what] === undefined ? [] : `${what}: ${row.counts[what]}`));
    const counted = [`${row.faults} faults`, ...wrongs.map((wrong) => `${row[wrong]} ${wrong}`)].join(', ');
    const figure = [counted, ...told].join('; ');
    const clean = wrongs.every((wrong) => row[wrong] === 0);
    return { figure, n: row.recoveries, holds: clean && row.faults > 0 && row.recoveries > 0 };
  };

export function killedTransactionsOf(output: unknown): Reading {
  const { counts, violations } = ExperimentsSchema.shape.experiments.element.parse(output);
  const figure = `${violations.length} violations after ${counts['kills'] ?? 0} kills`;
  return { figure, n: counts['transactions'] ?? 0, holds: violations.length === 0 };
}

const SuitesSchema = z.object({
  testResults: z.array(
    z.object({ name: z.string(), assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })) }),
  ),
});

/** Tests of the files whose names hold one of the words. */
export const testsOf =
  (...words: string[]) =>
  (output: unknown): Reading | undefined => {
    const files = SuitesSchema.parse(output).testResults.filter(({ name }) =>
      words.some((word) => name.includes(word)),
    );
    const tests = files.flatMap(({ assertionResults }) => assertionResults);
    if (tests.length === 0) return undefined;
    const bad = tests
      .filter(({ status }) => status !== 'passed')
      .map(({ fullName, status }) => `${fullName} ${status}`);
    const figure = [`${tests.length - bad.length} of ${tests.length} tests pass`, ...bad].join('; ');
    return { figure, n: tests.length, holds: bad.length === 0 };
  };
