import { RecoveryReportSchema } from '../../../src/domain/report.schema.ts';
import { describeError } from '../outcome.ts';
import type { Account, Wrong } from './account.ts';

/**
 * Effects are lines that a command appends to a file; whatever Rerail thinks of them, the file counts them. `thing` is what is
 * broken: it works when it says so.
 */
const append = (line: string): string[] => ['sh', '-c', `echo ${line} >> "$0"`, '{{ failure.labels.file }}'];
const STEPS = [1, 2, 3, 4, 5, 6, 7];
const WORKS = 'works';

const effect = (step: number): string =>
  `    - {id: do-${step}, type: run, run: {command: ${JSON.stringify(append(`do-${step}`))}}, compensate: {command: ${JSON.stringify(append(`undo-${step}`))}}}`;

const mend = (to: string): string =>
  `    - {id: mend, type: run, run: {command: ${JSON.stringify(['sh', '-c', `echo mend >> "$0" && echo ${to} > "$0.thing"`, '{{ failure.labels.file }}'])}}, compensate: {command: ${JSON.stringify(append('unmend'))}}}`;

const playbook = (name: string, actions: string[], more = ''): string =>
  `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{code: ${name.toUpperCase()}}]
${more}  actions:
${actions.join('\n')}
`;

const REPEATABLE = 'timeout: 10s, retry: {maximumAttempts: 20, initialInterval: 100ms}';
const LAST = ['    - {id: again, type: retry}', '    - {id: call, type: escalate}'];

export const PLAYBOOKS = [
  /** Nine actions: seven effects, each with an undo, a try that never works, and the call for help. */
  playbook('nine', [...STEPS.map(effect), ...LAST]),
  /** Two effects and what mends the thing: it works again. */
  playbook('mends', [effect(1), effect(2), mend(WORKS), ...LAST]),
  /** Says that it has mended the thing and has not: it must not count as recovered, and all of it is undone. */
  playbook('lies', [effect(1), mend('hopes'), effect(2), ...LAST]),
  playbook('light', [
    // A try of an activity that a playbook or a failure names is lost with its worker: the playbook says how often it may be repeated.
    `    - {id: look, type: run, run: {activity: noop}, ${REPEATABLE}}`,
    `    - {id: do, type: run, run: {command: ${JSON.stringify(append('do'))}}}`,
    `    - {id: again, type: retry, ${REPEATABLE}}`,
  ]),
  /** Wait for a person before they do anything. */
  playbook('hand', ['    - {id: fix, type: manual, title: Fix it, timeout: 1h}', effect(1), mend(WORKS), ...LAST]),
  playbook('asks', [effect(1), mend(WORKS), ...LAST], '  approval: {required: 1, timeout: 1h, onTimeout: escalate}\n'),
].join('---\n');

/** By the code of its failure, which chooses the playbook. */
export type Kind = 'NINE' | 'MENDS' | 'LIES' | 'LIGHT' | 'HAND' | 'ASKS';

interface Expected {
  status: 'recovered' | 'escalated';
  done: string[];
  undone: string[];
  /** Beside those of effects. */
  operation: string[] | undefined;
}

/** A command that works only when the thing does. */
const look = (file: string): string[] => ['grep', '-qx', WORKS, `${file}.thing`];

const mended = (file: string): Expected => ({
  status: 'recovered',
  done: ['do-1', 'mend'],
  undone: [],
  operation: look(file),
});

const EXPECTED: Record<Kind, (file: string) => Expected> = {
  NINE: () => ({
    status: 'escalated',
    done: STEPS.map((step) => `do-${step}`),
    undone: STEPS.toReversed().map((step) => `undo-${step}`),
    operation: ['false'],
  }),
  MENDS: (file) => ({ status: 'recovered', done: ['do-1', 'do-2', 'mend'], undone: [], operation: look(file) }),
  LIES: (file) => ({
    status: 'escalated',
    done: ['do-1', 'mend', 'do-2'],
    undone: ['undo-2', 'unmend', 'undo-1'],
    operation: look(file),
  }),
  HAND: mended,
  ASKS: mended,
  LIGHT: () => ({ status: 'recovered', done: ['do'], undone: [], operation: undefined }),
};

export const operationOf = (kind: Kind, file: string) => EXPECTED[kind](file).operation;

/** What a recovery has left behind, as one sees it who does not ask Rerail. */
export interface Seen {
  /** Lines of the file of effects. */
  effects: string[];
  /** What the thing says; undefined where nobody has touched it. */
  thing: string | undefined;
  file: string;
}

/** Everything that is wrong with a recovery that has a report, by kind. Pure. */
export function judge(kind: Kind, report: unknown, { effects, thing, file }: Seen): [Wrong, string][] {
  const expected = EXPECTED[kind](file);
  const wrong: [Wrong, string][] = [];
  const times = (line: string): number => effects.filter((other) => other === line).length;
  for (const line of expected.done) if (times(line) === 0) wrong.push(['lost', `the effect ${line} is missing`]);
  for (const line of expected.undone) if (times(line) === 0) wrong.push(['undone', `${line} is missing`]);
  for (const line of new Set(effects)) {
    if (times(line) > 1) wrong.push(['doubled', `${line} happened ${times(line)} times`]);
    if (![...expected.done, ...expected.undone].includes(line)) wrong.push(['other', `${line} was not to happen`]);
  }
  const order = [...expected.done, ...expected.undone].join(' ');
  if (wrong.length === 0 && effects.join(' ') !== order) wrong.push(['other', `in the order ${effects.join(' ')}`]);
  const parsed = RecoveryReportSchema.safeParse(report);
  if (!parsed.success) return [...wrong, ['lost', `the report is none: ${parsed.error.message.slice(0, 200)}`]];
  const { status, summary, compensations } = parsed.data;
  const works = expected.operation === undefined || thing === WORKS;
  if (status === 'recovered' && !works)
    wrong.push(['unverified', `it is reported recovered, and the thing says ${thing ?? 'nothing'}`]);
  else if (status !== expected.status) wrong.push(['other', `it ended ${status}: ${summary}`]);
  const told = compensations.filter(({ ok }) => ok).length;
  if (told !== expected.undone.length)
    wrong.push(['undone', `the report has ${told} undos instead of ${expected.undone.length}`]);
  return wrong;
}

export interface Acknowledged {
  name: string;
  kind: Kind;
  report: () => Promise<unknown>;
  seen: () => Seen;
}

/** Waits for the report of a recovery that was acknowledged, and puts what is wrong into the account. */
export async function settle(
  { name, kind, report, seen }: Acknowledged,
  account: Account,
  onReport?: (report: unknown) => void,
): Promise<void> {
  let found: unknown;
  try {
    found = await report();
  } catch (error) {
    account.wrong('lost', `${name} (${kind}) was acknowledged and has no report: ${describeError(error)}`);
    return;
  }
  account.recovered();
  onReport?.(found);
  for (const [wrong, what] of judge(kind, found, seen())) account.wrong(wrong, `${name} (${kind}): ${what}`);
}
