import type { BulkReport, BulkStatus } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Moment } from '../../parts/time.tsx';
import { plural } from '../../words/format.ts';
import { BULK_LOOKS } from '../../words/statuses.ts';

export const isUnderWay = (status: BulkStatus): boolean => status === 'running' || status === 'paused';

/** How far it is, and what became of each execution. */
export function BulkProgress({ report }: { report: BulkReport }) {
  const { name, status, how, query, found, counts, executions, changes, startedAt } = report;
  const { recovered, running, failed, skipped, open } = counts;
  const treated = recovered + running + failed + skipped;
  return (
    <>
      <div className="title-row">
        <h2 id="bulk">{name}</h2>
        <Badge look={BULK_LOOKS[status]} />
      </div>
      <p>
        {how === 'reset' ? 'Reset' : 'Restart'} of {plural(found, 'execution')} that <code>{query}</code> found, since{' '}
        <Moment at={startedAt} />.
      </p>
      <div className={`objective tone-${BULK_LOOKS[status].tone}`}>
        <progress aria-label="Treated" max={Math.max(found, treated, 1)} value={treated} />
      </div>
      <ul className="meta">
        <li>{`${treated} of ${found} treated`}</li>
        <li>{`${recovered} recovered`}</li>
        <li>{`${running} running on`}</li>
        <li>{`${failed} failed`}</li>
        <li>{`${skipped} skipped`}</li>
        <li>{`${open} being treated`}</li>
      </ul>
      {changes.map(({ at, what, by, reason }) => (
        <p key={at + what} className="muted">
          <Moment at={at} /> {what} by {by}: {reason}
        </p>
      ))}
      {executions.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th>Execution</th>
              <th>Result</th>
              <th>Note</th>
            </tr>
          </thead>
          <tbody>
            {executions.toReversed().map(({ workflowId, runId, result, note }) => (
              <tr key={runId}>
                <td>{workflowId}</td>
                <td>{result}</td>
                <td>{note ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
