import type { ActionRecord, Plan } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { formatDuration, plural } from '../../words/format.ts';
import { describeAction } from '../../words/operations.ts';
import { ACTION_LOOKS } from '../../words/statuses.ts';
import { RecordedErrorView } from './recorded-error.tsx';

interface ActionListProps {
  plan: Pick<Plan, 'actions'>;
  actions: readonly ActionRecord[];
  now?: string | undefined;
}

/** The graph in words: each action with its state, tries and errors. */
export function ActionList({ plan, actions, now }: ActionListProps) {
  const records = new Map(actions.map((record) => [record.id, record]));
  return (
    <ol className="action-list">
      {plan.actions.map((action) => {
        const record = records.get(action.id);
        const tries = record?.attempts.length ?? 0;
        const facts = [
          action.type,
          ...(action.required ? [] : ['optional']),
          ...(tries > 1 || (tries === 1 && record?.attempts[0]?.ok === false) ? [plural(tries, 'try', 'tries')] : []),
          ...(record && record.durationMs > 0 ? [formatDuration(record.durationMs)] : []),
          ...(action.compensation ? ['has an undo'] : []),
        ];
        return (
          <li key={action.id} aria-current={action.id === now ? 'step' : undefined}>
            <div className="action-row">
              <Badge look={ACTION_LOOKS[record?.status ?? 'pending']} />
              <strong>{action.title}</strong>
              <span className="muted">{facts.join(' · ')}</span>
            </div>
            <p className="action-what">
              <code>{describeAction(action)}</code>
            </p>
            {record?.note !== undefined && <p className="muted">{record.note}</p>}
            {record?.error && record.status !== 'succeeded' && (
              <details>
                <summary>
                  {record.error.code}: {record.error.message.slice(0, 120)}
                </summary>
                <RecordedErrorView error={record.error} />
              </details>
            )}
          </li>
        );
      })}
    </ol>
  );
}
