import { formatMs } from './duration.ts';
import { plainText as plain, section, tableRow as row } from './markdown-text.ts';
import { shortHash } from './plan.ts';
import type { ActionRecord, TimelineEntry } from './recovery.ts';
import type { RecoveryReport } from './report.ts';

const cut = (text: string, length = 300): string => plain(text.length > length ? `${text.slice(0, length)}…` : text);

function headline({ status, target, times, durations, failure }: RecoveryReport): string[] {
  const took = durations.ttrMs === undefined ? '' : ` after ${formatMs(durations.ttrMs)}`;
  return [`# ${plain(target)}: ${status}${took}`, '', `${times.t0.slice(0, 10)} · ${cut(failure.message, 200)}`];
}

function facts(report: RecoveryReport): string[] {
  const { classification, plan, durations, verification, subject } = report;
  const known: [string, string | undefined][] = [
    ['Recovery', `${report.workflowId}, run ${report.runId}`],
    ['Subject', subject],
    [
      'Classified as',
      classification &&
        `${classification.category}, ${classification.type}, ${classification.severity}: ${classification.rule}`,
    ],
    ['Playbook', plan && `${plan.playbook.name}, plan ${shortHash(plan.hash)}, risk ${plan.risk}`],
    ['Root cause', plan?.rootCause && `${plan.rootCause.component}: ${plan.rootCause.reason}`],
    ['Time to detect', formatMs(durations.ttdMs)],
    ['Time to mitigate', durations.timeToMitigateMs === undefined ? undefined : formatMs(durations.timeToMitigateMs)],
    ['Time to recover', durations.ttrMs === undefined ? undefined : formatMs(durations.ttrMs)],
    ['Waited for people', formatMs(durations.humanWaitMs)],
    ['Verified', verification.verified ? `by ${verification.how}, held ${formatMs(verification.heldForMs)}` : 'no'],
  ];
  return [
    row('', ''),
    row('---', '---'),
    ...known.flatMap(([name, value]) => (value === undefined ? [] : [row(name, plain(value))])),
  ];
}

function planned({ plan }: RecoveryReport): string[] {
  if (!plan) return [];
  return [
    ...plan.actions.map(
      ({ order, title, type, required, compensation }) =>
        `${order}. **${plain(title)}** (${type})${required ? '' : ', optional'}${compensation ? ', can be undone' : ''}`,
    ),
    '',
    ...plan.reasons.map((reason) => `- ${cut(reason)}`),
  ];
}

const happened = ({ at, message, by, reason }: TimelineEntry): string =>
  row(at.slice(11, 23), cut(message), by ? `${plain(by)}${reason ? `: ${cut(reason)}` : ''}` : '');

function tried(actions: readonly ActionRecord[]): string[] {
  return actions.flatMap(({ title, type, status, attempts, durationMs, error, note }) => [
    `- **${plain(title)}** (${type}): ${status}, ${attempts.length} tries, ${formatMs(durationMs)}${note ? `; ${cut(note)}` : ''}`,
    ...attempts.flatMap((attempt) =>
      attempt.error ? [`  - try ${attempt.number}: ${plain(attempt.error.code)}: ${cut(attempt.error.message)}`] : [],
    ),
    ...(error && !attempts.some((attempt) => attempt.error) ? [`  - ${plain(error.code)}: ${cut(error.message)}`] : []),
  ]);
}

function decided({ approvals, decisions }: RecoveryReport): string[] {
  return [
    ...approvals.map((approval) => {
      const { verdict, by, reason, at, planHash, actionId, authenticated, breakGlass, voidedBy } = approval;
      const marks = [
        authenticated ? 'authenticated' : 'name not checked',
        ...(breakGlass ? ['broke the glass'] : []),
        ...(voidedBy ? [`void: ${cut(voidedBy)}`] : []),
      ];
      const what = actionId ? plain(actionId) : `plan ${shortHash(planHash)}`;
      return `- ${at} ${plain(by)} ${verdict} ${what} (${marks.join(', ')})${reason ? `: ${cut(reason)}` : ''}`;
    }),
    ...decisions.map(
      ({ at, by, decision, actionId, reason }) =>
        `- ${at} ${plain(by)} ${decision} for ${plain(actionId)}: ${cut(reason)}`,
    ),
  ];
}

function seen({ verification }: RecoveryReport): string[] {
  const readings = [
    ...verification.before.map((reading) => ({ when: 'before', ...reading })),
    ...verification.after.map((reading) => ({ when: 'after', ...reading })),
  ];
  if (readings.length === 0) return [];
  return [
    row('when', 'probe', 'passed', 'seen'),
    row('---', '---', '---', '---'),
    ...readings.map(({ when, name, passed, observed }) =>
      row(when, plain(name), passed ? 'yes' : '**no**', cut(observed)),
    ),
  ];
}

/** A report as Markdown (requirement 7.4), which is also the draft of a post-mortem: its last part is for people to write. */
export function reportMarkdown(report: RecoveryReport): string {
  const { summary, timeline, actions, failedStrategies = [], compensations, restored, nextSteps, joined } = report;
  const undone = compensations.map(
    ({ title, ok, attempts, error }) =>
      `- ${plain(title)}: ${ok ? 'done' : `**failed** after ${attempts} tries: ${cut(error?.message ?? 'unknown')}`}`,
  );
  const before = failedStrategies.flatMap(({ playbook, error, actions: own }) => [
    `- Playbook **${plain(playbook)}** was tried before and did not help: ${cut(error.message)}`,
    ...tried(own).map((line) => `  ${line}`),
  ]);
  return [
    ...headline(report),
    '',
    `**${plain(summary)}.**`,
    '',
    ...facts(report),
    ...section('What was planned, and why', planned(report)),
    ...section(
      'Reported as well',
      joined.map(({ message, detectedAt }) => `- ${detectedAt ?? ''} ${cut(message)}`),
    ),
    ...section('What happened', [
      row('time (UTC)', 'what', 'who'),
      row('---', '---', '---'),
      ...timeline.map(happened),
    ]),
    ...section('What was tried', [...before, ...tried(actions)]),
    ...section('What a person decided', decided(report)),
    ...section('What was seen', seen(report)),
    ...section('What was undone', undone),
    ...section(
      'What was restored',
      restored
        ? [
            `- ${restored.checkpointId}, ${restored.changed} changes; what was there before: ${restored.backupId ?? 'not kept'}`,
          ]
        : [],
    ),
    ...section('What is left to do', [
      ...nextSteps.map((step) => `- [ ] ${plain(step)}`),
      '- [ ] Write down what led to it, and what keeps it from coming back.',
    ]),
    '',
  ].join('\n');
}
