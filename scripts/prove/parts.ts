/** What is measured by one command. */
export interface Part {
  /** As a person types it; the results name it. */
  command: string;
  /** Arguments of `npm run --silent`, or of node where the first is a file; absent: see run-drills.ts. */
  run?: readonly string[];
  /** With `--full`, where the short form says less; the results name it as well. */
  fullRun?: readonly string[];
}

const bench = (name: string, ...short: string[]): Part => ({
  command: ['npm run bench --', name, ...short].join(' '),
  run: ['bench', '--', name, ...short],
  ...(short.length > 0 ? { fullRun: ['bench', '--', name] } : {}),
});

const chaos = (name: string, short: string[], full: string[]): Part => ({
  command: `npm run chaos:${name} -- ${short.join(' ')}`,
  run: [`chaos:${name}`, '--', ...short, '-o', 'json'],
  fullRun: [`chaos:${name}`, '--', ...full, '-o', 'json'],
});

const SUITES = [
  ...['test/unit/resilience', 'test/workflow/strategies', 'test/workflow/breaker', 'test/workflow/recovery-breaker'],
  ...['test/workflow/transaction', 'test/workflow/saga', 'test/workflow/service-state'],
];

/** By the name that `--only` takes. */
export const PARTS = {
  drills: { command: 'rerail drill run' },
  heal: bench('heal', '--quick'),
  engine: bench('engine', '--quick'),
  overhead: bench('overhead'),
  checkpoints: bench('checkpoints'),
  api: bench('api', '--quick'),
  fuzz: {
    command: 'npm run fuzz:api',
    run: ['fuzz:api', '--', '-o', 'json'],
  },
  monitor: bench('monitor', '--quick'),
  // Whole: docs/scaling.md is made from it.
  scale: { ...bench('scale'), fullRun: ['bench', '--', 'scale', '--most', '100000'] },
  'chaos-checkpoints': chaos(
    'checkpoints',
    ['--kills', '20', '--flips', '100', '--minutes', '0.2', '--seed', '1'],
    ['--kills', '500', '--flips', '1000', '--minutes', '1', '--seed', '1'],
  ),
  'chaos-transactions': chaos('transactions', ['--rounds', '1'], ['--rounds', '3']),
  chaos: {
    command: 'npm run chaos -- --short --seed 1',
    run: ['chaos', '--', '--short', '--seed', '1', '-o', 'json'],
    fullRun: ['chaos', '--', '--seed', '1', '-o', 'json'],
  },
  suites: {
    command: `npx vitest run ${SUITES.join(' ')}`,
    run: ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', ...SUITES],
  },
} satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];
