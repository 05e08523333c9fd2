import { describePolicy } from '../../domain/approval.ts';
import { formatMs } from '../../domain/duration.ts';
import { describePrediction } from '../../domain/knowledge.ts';
import type { OpenApproval } from '../../domain/recovery.ts';
import type { Paint } from './output.ts';

const SIGNS = { create: '+', replace: '~', delete: '-', metadata: '*' } as const;

/** What a person has to know before the answer: who may give it, what it would change, what cannot be taken back. */
export function renderApproval(paint: Paint, approval: OpenApproval): string {
  const { impact, pointOfNoReturn, risk, estimatedDurationMs, policy, granted } = approval;
  const rules = describePolicy({ ...policy, required: 1 }, 0);
  const rollbacks = (impact?.rollbacks ?? []).flatMap(
    ({ checkpointId, root, changes, changesTotal, unchanged, git }) => [
      `${paint.bold('rollback')} to ${checkpointId} in ${root}: ${changesTotal} changes, ${unchanged} unchanged`,
      ...changes.map(({ path, change }) => `  ${SIGNS[change]} ${path}`),
      ...(changesTotal > changes.length ? [`  … and ${changesTotal - changes.length} more`] : []),
      ...(git ? [`  git HEAD from ${git.from?.head ?? 'nothing'} to ${git.to.head ?? 'nothing'}`] : []),
    ],
  );
  return [
    [
      `${granted.length} of ${policy.required} approvals${granted.length > 0 ? ` (${granted.join(', ')})` : ''}`,
      ...rules,
    ].join(' · '),
    `risk ${risk} · at most ${formatMs(estimatedDurationMs)} · point of no return: ${pointOfNoReturn ?? 'none'}`,
    ...(approval.prediction ? [describePrediction(approval.prediction)] : []),
    ...(impact?.unknown === undefined
      ? []
      : [paint.yellow(`what a rollback would change is unknown: ${impact.unknown}`)]),
    ...rollbacks,
  ].join('\n');
}
