import * as drills from './drill-figures.ts';
import * as undo from './undo-figures.ts';
import * as figures from './figures.ts';
import type { Reading } from './figures.ts';
import type { PartName } from './parts.ts';

/** A line of RESULTS.md. */
export interface Row {
  requirement: string;
  what: string;
  objective: string;
  /** Absent: nothing measures it yet. */
  part?: PartName;
  /** Undefined: the part has not measured it. Throws where the output is not as expected. */
  read?: (output: unknown) => Reading | undefined;
}

const checkpoint = (what: string, name: string, limitMs: number): Row => ({
  requirement: '1.9',
  what,
  objective: `< ${limitMs < 1000 ? `${limitMs} ms` : `${limitMs / 1000} s`}`,
  part: 'checkpoints',
  read: figures.timeOf(name, limitMs),
});

const scenario = (what: string, drill: string): Row => ({
  requirement: '2.9',
  what,
  objective: '< 60 s',
  part: 'drills',
  read: drills.drillTimes(60_000, drills.byName(drill)),
});

const procedure = (what: string, playbook: string, seconds: number): Row => ({
  requirement: '4.6',
  what,
  objective: `< ${seconds} s`,
  part: 'drills',
  read: drills.drillTimes(seconds * 1000, drills.byPlaybook(playbook)),
});

const tested = (requirement: string, what: string, ...words: string[]): Row => ({
  requirement,
  what,
  objective: 'all tests pass',
  part: 'suites',
  read: figures.testsOf(...words),
});

const chaos = (what: string, name: string): Row => ({
  requirement: 'chaos',
  what,
  objective: 'nothing lost, doubled, undone or unverified',
  part: 'chaos',
  read: figures.chaosOf(name),
});

export const ROWS: readonly Row[] = [
  checkpoint('Small state: create, with its ledger', 'small create, ledger', 100),
  checkpoint('Small state: restore, with its ledger', 'small restore, ledger', 500),
  checkpoint('30 MB of files: create', '30 MB create', 5000),
  checkpoint('30 MB of files: restore', '30 MB restore', 3000),
  checkpoint('80 MB of files: create', '80 MB create', 12_000),
  checkpoint('80 MB of files: restore', '80 MB restore', 8000),
  checkpoint('150 MB in 10,000 files: create', 'first', 25_000),
  checkpoint('150 MB in 10,000 files: restore', 'restore', 15_000),
  {
    requirement: '1.9',
    what: 'Stored for each session',
    objective: '< 100 MB',
    part: 'checkpoints',
    read: figures.storedSessionOf,
  },
  {
    requirement: '1.9',
    what: 'Memory of a worker over a bare one',
    objective: '< 50 MiB',
    part: 'engine',
    read: figures.memoryOf,
  },
  {
    requirement: '1.9',
    what: 'Corruption and integrity after kills and flipped bits',
    objective: '0 violations',
    part: 'chaos-checkpoints',
    read: figures.violationsOf,
  },
  {
    requirement: '1.9',
    what: 'Checkpoints beside other tools',
    objective: 'all bars of the bench',
    part: 'checkpoints',
    read: figures.barsOf,
  },
  scenario('Rollback of simple file changes', 'rollback-simple-change'),
  scenario('Rollback of a complex component', 'rollback-complex-component'),
  scenario('Rollback of several components at once', 'rollback-several-components'),
  scenario('Rollback of large files', 'rollback-large-files'),
  {
    requirement: '2.9',
    what: 'Data lost in all drills',
    objective: '0 items that had to stay',
    part: 'drills',
    read: drills.drillsOf.losses,
  },
  {
    requirement: '2.9',
    what: 'Session state lost',
    objective: '< 60 s',
    part: 'drills',
    read: drills.sessionAge,
  },
  procedure('Link cascade', 'component-link-cascade', 30),
  procedure('Module loading', 'component-module-loading', 60),
  procedure('Quality gate', 'component-quality-gate', 120),
  procedure('Command engine', 'component-command-engine', 90),
  procedure('Single module', 'component-single-module', 60),
  procedure('Slow system', 'component-slow-system', 180),
  procedure('Full system', 'component-full-system', 300),
  tested('4.6', 'Degraded mode, and back from it', 'service-state'),
  tested('5.1', 'Retry strategies', 'retry-strategy', 'strategies.test'),
  tested('5.2', 'Circuit breaker', 'breaker'),
  tested('5.3', 'Fallbacks and degraded mode', 'strategies.test', 'service-state'),
  tested('5.4', 'Transactions and sagas', 'transaction', 'saga'),
  {
    requirement: '5.4',
    what: 'Transactions whose worker is killed',
    objective: '0 violations',
    part: 'chaos-transactions',
    read: figures.killedTransactionsOf,
  },
  {
    requirement: '6.5',
    what: 'CPU while it recovers',
    objective: '< 50 % of a core',
    part: 'heal',
    read: figures.healOf.cpu,
  },
  {
    requirement: '6.5',
    what: 'Mean time from a fault to verified health',
    objective: '< 30 s',
    part: 'heal',
    read: figures.healOf.mttr,
  },
  { requirement: '6.5', what: 'Faults recovered', objective: '> 99.9 %', part: 'heal', read: figures.healOf.success },
  {
    requirement: '6.5',
    what: 'Common faults without a manual step',
    objective: 'none waits',
    part: 'heal',
    read: figures.healOf.byHand,
  },
  { requirement: '7.3', what: 'Drills', objective: 'all pass', part: 'drills', read: drills.drillsOf.passed },
  {
    requirement: '7.3',
    what: 'Processes, mounts and sandboxes left by all drills',
    objective: 'none',
    part: 'drills',
    read: drills.drillsOf.leftovers,
  },
  {
    requirement: '7.3',
    what: 'Actions that can be undone, of those that change something',
    objective: 'none set',
    part: 'drills',
    read: undo.undoPossible,
  },
  {
    requirement: '7.3',
    what: 'Those done, undone and compared in a drill',
    objective: 'all of them',
    part: 'drills',
    read: undo.undoDrilled,
  },
  {
    requirement: '7.3',
    what: 'RTO of all drills',
    objective: 'each within its own',
    part: 'drills',
    read: drills.drillsOf.rto,
  },
  {
    requirement: '7.3',
    what: 'RPO of all drills that have one',
    objective: 'each within its own',
    part: 'drills',
    read: drills.drillsOf.rpo,
  },
  {
    requirement: '8.4',
    what: 'HTTP API tried by Schemathesis as each role, and without a token',
    objective: 'nothing found',
    part: 'fuzz',
    read: figures.fuzzOf,
  },
  {
    requirement: 'speed',
    what: 'A recovery beside a bare workflow',
    objective: '<= 1.15 x bare',
    part: 'overhead',
    read: figures.overheadOf,
  },
  { requirement: 'speed', what: 'Engine', objective: 'all bars of the bench', part: 'engine', read: figures.barsOf },
  { requirement: 'speed', what: 'HTTP API', objective: 'all bars of the bench', part: 'api', read: figures.barsOf },
  {
    requirement: 'speed',
    what: 'Monitors: lateness, memory and handles',
    objective: 'all bars of the bench',
    part: 'monitor',
    read: figures.barsOf,
  },
  {
    requirement: 'speed',
    what: 'CPU of a monitor of twenty checks',
    objective: '< 1 % of a core',
    part: 'monitor',
    read: figures.monitorCpu,
  },
  {
    requirement: 'speed',
    what: 'Cost of a recovery of three actions',
    objective: 'none set',
    part: 'scale',
    read: figures.costOf,
  },
  chaos('Worker killed at places of a history', 'worker-kills'),
  chaos('Server killed at places of a history', 'server-kills'),
  chaos('Temporal on PostgreSQL, all of it killed', 'postgres'),
  chaos('Worker killed at places of a history on PostgreSQL', 'postgres-worker-kills'),
  chaos('Server on PostgreSQL killed at places of a history', 'postgres-server-kills'),
  chaos('Network between worker and server', 'network-cut'),
  chaos('Full disk of the checkpoint store', 'disk-full-store'),
  chaos('Full disk of the server', 'disk-full-server'),
  chaos('Clocks that jump', 'clock-jumps'),
  chaos('Messages that nobody should send', 'poison-messages'),
  chaos('Many recoveries in flight under kills', 'in-flight'),
];
