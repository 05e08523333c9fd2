import type { Drill } from './drill.ts';
import type { ActionRecord } from './recovery.ts';
import type { RecoveryReport } from './report.ts';

/** As it is written down: the schema fills in the rest. */
export interface DraftedDrill {
  document: Pick<Drill, 'apiVersion' | 'kind'> & { metadata: { name: string; description: string }; spec: object };
  /** What could not be taken over, and what to look at before it is run. */
  notes: string[];
}

const WELL = 'well\n';
const REPLAY = `import { readFileSync, writeSync } from 'node:fs';
if (readFileSync('flag.txt', 'utf8') !== 'well\\n') {
  const { stdout, stderr, exitCode } = JSON.parse(readFileSync('recorded.json', 'utf8'));
  writeSync(1, stdout);
  writeSync(2, stderr);
  process.exitCode = exitCode;
}
`;
const OPERATION = ['node', 'replay.mjs'];
/** Of what the operation has said; a pipe holds so much at once. */
const KEPT_OUTPUT = 20_000;
const LONGEST_NAME = 50;

const isDone = ({ status }: ActionRecord): boolean => status === 'succeeded';
const tail = (text = ''): string => text.slice(-KEPT_OUTPUT);

const nameOf = (target: string): string =>
  `again-${target.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, LONGEST_NAME).replace(/-+$/, '');

/**
 * When the fault ends by itself: before the try that worked and after the one before it, in milliseconds from the failure. One that
 * worked at once had nothing left to fail.
 */
function endsAfter({ actions, times, durations }: RecoveryReport): number {
  const tries = actions.flatMap(({ type, attempts }) => (type === 'retry' ? attempts : []));
  const good = tries.findIndex(({ ok }) => ok);
  const before = tries[good - 1];
  const begun = Date.parse(times.t3 ?? times.t1);
  if (good === 0) return 1;
  if (before === undefined) return Math.max(1, Math.round((durations.timeToMitigateMs ?? 1) / 2));
  const [from, to] = [Date.parse(before.startedAt) + before.durationMs, Date.parse(tries[good]?.startedAt ?? '')];
  return Math.max(1, Math.round((from + to) / 2 - begun));
}

/** How the fault goes away again, as it did then. */
function mendingOf(report: RecoveryReport) {
  const done = report.actions.filter(isDone);
  if (report.status !== 'recovered') return { healthy: false, how: 'it stays, as nothing took it away then' };
  if (done.some(({ type }) => type === 'rollback' || type === 'resume'))
    return { healthy: true, checkpoint: true, how: 'the restore of the checkpoint takes it away' };
  if (done.some(({ type }) => type === 'manual'))
    return { healthy: true, byHand: true, how: 'what a person did then is done by the drill' };
  return { healthy: true, endsAfterMs: endsAfter(report), how: 'it ends by itself, before the try that worked then' };
}

function notesOf({ failure, plan, actions, failedStrategies }: RecoveryReport, how: string): string[] {
  const { operation, signal, component, subject, run, related, probes } = failure;
  const real = actions.filter((action) => action.type === 'run' && isDone(action)).map(({ id }) => id);
  const own = plan?.verify.probes.map(({ name }) => name) ?? [];
  return [
    `The fault: ${how}.`,
    ...(operation?.kind === 'command'
      ? []
      : [
          `The operation was no command (${operation?.kind ?? run?.failed.operation.kind ?? 'none'}): a command says what was recorded of it.`,
        ]),
    ...(signal === undefined ? [] : [`The signal ${signal} is not taken over: the command ends with an exit code.`]),
    ...(component === undefined
      ? []
      : [
          `The component ${component} is not taken over: its procedures would be done to the real one. Define it under spec.components.`,
        ]),
    ...(run ? ['Only the step that failed is taken over, not the run around it.'] : []),
    ...(subject !== undefined
      ? ['The checkpoints of its subject are not taken over: the drill makes one of its sandbox.']
      : []),
    ...((related?.length ?? 0) > 0 ? ['What had failed along with it is not taken over.'] : []),
    ...(probes.length > 0 ? ['Its probes, and the services that they looked at, are not taken over.'] : []),
    ...(real.length > 0 ? [`Look at these actions first, they are done for real: ${real.join(', ')}.`] : []),
    ...(own.length > 0 ? [`Probes that the playbook has itself look at the real thing: ${own.join(', ')}.`] : []),
    ...(failedStrategies?.length ? ['Other playbooks were tried before; the drill wants the one that ended it.'] : []),
  ];
}

/**
 * A drill that fails as a recovery did, in a sandbox, and wants it to go as it went then (requirement 7.1). The operation is replaced
 * by a script that says what was recorded, until the fault is gone.
 */
export function drillFromReport(report: RecoveryReport): DraftedDrill {
  const { failure, plan, actions, approvals, status, durations, target } = report;
  const { message, type, category, severity, lane, code, retryAfter, exitCode, stdout, stderr } = failure;
  const { healthy, checkpoint = false, byHand = false, endsAfterMs, how } = mendingOf(report);
  const given = { type, category, severity, lane, code, message, retryAfter };
  const labels = Object.fromEntries(Object.entries(failure.labels).filter(([key]) => key !== 'drill'));
  const wanted = actions.filter(
    (action) => isDone(action) && !(failure.component !== undefined && action.type === 'run'),
  );
  const measured = (durations.ttrMs ?? durations.totalMs) - durations.humanWaitMs;
  const approve = approvals.some(({ verdict }) => verdict === 'approved');
  return {
    document: {
      apiVersion: 'rerail/v1',
      kind: 'Drill',
      metadata: { name: nameOf(target), description: `As ${target} failed and ended ${status}.`.slice(0, 500) },
      spec: {
        ...(plan ? { playbook: plan.playbook.name } : {}),
        sandbox: {
          files: {
            'flag.txt': WELL,
            ...(byHand ? { 'well.txt': WELL } : {}),
            'recorded.json': `${JSON.stringify({ stdout: tail(stdout), stderr: tail(stderr), exitCode: exitCode === undefined || exitCode === 0 ? 1 : exitCode })}\n`,
            'replay.mjs': REPLAY,
          },
        },
        steadyState: [{ name: 'operation', command: { argv: OPERATION } }],
        checkpoint,
        faults: [
          {
            type: 'writeFile',
            path: 'flag.txt',
            content: 'broken\n',
            ...(endsAfterMs === undefined ? {} : { for: `${endsAfterMs}ms` }),
          },
        ],
        failure: {
          ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
          ...(Object.keys(labels).length > 0 ? { labels } : {}),
          operation: { kind: 'command', argv: OPERATION },
        },
        answers: {
          approve,
          ...(byHand ? { manual: 'done', mend: ['cp', 'well.txt', 'flag.txt'] } : {}),
        },
        expect: { status, actions: wanted.map(({ id }) => id), healthy },
        objectives: { rto: `${Math.ceil((measured * 2) / 1000) + 5}s`, itemsLost: healthy ? 0 : 1 },
      },
    },
    notes: notesOf(report, how),
  };
}
