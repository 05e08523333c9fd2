import type { FailureInput } from '../../src/domain/failure.ts';
import type { RecoveryStatus } from '../../src/domain/recovery.ts';

type Answer = 'approval' | 'manual';

/** A playbook of which recoveries are counted. */
export interface Kind {
  name: string;
  /** As the page says it. */
  what: string;
  actions: readonly string[];
  /** One more line of the spec. */
  spec?: string;
  failure?: Partial<FailureInput>;
  answer?: Answer;
  ends: RecoveryStatus;
}

const RETRY = '{id: retry, type: retry}';
const run = (id: string, more = ''): string => `{id: ${id}, type: run, run: {activity: noop}${more}}`;

/** So many actions: the last one tries again what failed. */
export const planOf = (actions: number): Kind => ({
  name: `plan-${String(actions)}`,
  what: `${String(actions)} action${actions === 1 ? '' : 's'}`,
  actions: [...Array.from({ length: actions - 1 }, (_, index) => run(`step-${String(index)}`)), RETRY],
  ends: 'recovered',
});

const HELD =
  'verify: {probes: [{name: there, workspace: /, file: {path: /etc/hosts}}], within: 10s, holdFor: 10ms, every: 10ms}';
const FAILS =
  '{id: again, type: retry, operation: {kind: activity, name: noop}, success: [{name: gone, workspace: /, file: {path: /nowhere}}], timeout: 1ms}';

/** Each kind of action, beside the try again that most plans end with. */
export const KINDS: readonly Kind[] = [
  { name: 'retry', what: '`retry`', actions: [RETRY], ends: 'recovered' },
  { name: 'run', what: '`run`, `retry`', actions: [run('fix'), RETRY], ends: 'recovered' },
  { name: 'wait', what: '`wait`, `retry`', actions: ['{id: settle, type: wait, for: 1ms}', RETRY], ends: 'recovered' },
  {
    name: 'manual',
    what: '`manual`, `retry`',
    actions: ['{id: fix, type: manual, title: Fix it, timeout: 1h}', RETRY],
    answer: 'manual',
    ends: 'recovered',
  },
  {
    name: 'rollback',
    what: '`rollback`, `retry`',
    actions: ['{id: back, type: rollback, to: latest}', RETRY],
    ends: 'recovered',
  },
  { name: 'resume', what: '`resume`', actions: ['{id: resume, type: resume}'], ends: 'recovered' },
  { name: 'skip', what: '`skip`', actions: ['{id: skip, type: skip}'], ends: 'partial' },
  { name: 'escalate', what: '`escalate`', actions: ['{id: escalate, type: escalate}'], ends: 'escalated' },
  { name: 'abort', what: '`abort`', actions: ['{id: abort, type: abort}'], ends: 'failed' },
  {
    name: 'approved',
    what: '`retry`, approved',
    actions: [RETRY],
    spec: 'approval: {timeout: 1h}',
    answer: 'approval',
    ends: 'recovered',
  },
  {
    name: 'verified',
    what: '`retry`, verified by a probe that holds',
    actions: [RETRY],
    spec: HELD,
    ends: 'recovered',
  },
  {
    name: 'undone',
    what: '`run` with an undo, `retry` that does not help, `escalate`',
    actions: [run('drain', ', compensate: {activity: noop}'), FAILS, '{id: escalate, type: escalate}'],
    ends: 'escalated',
  },
  {
    name: 'braked',
    what: '`retry`, with the brakes of a target',
    actions: [RETRY],
    spec: 'limits: {perHour: 3, flapWindow: 15m, maxTargets: 100000}',
    ends: 'recovered',
  },
];

const kindNamed = (wanted: string): Kind => {
  const found = KINDS.find(({ name }) => name === wanted);
  if (!found) throw new Error(`there is no kind ${wanted}`);
  return found;
};

export const BRAKED = kindNamed('braked');
export const APPROVED = kindNamed('approved');

/** Kinds whose recoveries go back to a checkpoint. */
export const needsCheckpoint = ({ name }: Kind): boolean => name === 'rollback' || name === 'resume';

export const playbookOf = ({ name, actions, spec }: Kind): string =>
  [
    'apiVersion: rerail/v1',
    'kind: Playbook',
    `metadata: {name: scale-${name}}`,
    'spec:',
    `  match: [{target: "${name}/*"}]`,
    ...(spec === undefined ? [] : [`  ${spec}`]),
    '  actions:',
    ...actions.map((action) => `    - ${action}`),
    '',
  ].join('\n');
