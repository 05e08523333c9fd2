import { Link } from 'wouter';
import type { ListedRecovery } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Age } from '../../parts/time.tsx';
import { formatDuration } from '../../words/format.ts';
import { recoveryLook } from '../../words/statuses.ts';
import { describeWait } from '../../words/waits.ts';

/** An open one by its target alone; a closed one as the run that it was. */
export const recoveryHref = ({ workflowId, runId, closedAt }: ListedRecovery): string =>
  `/recoveries/${workflowId.replace(/^recovery\//, '')}${closedAt === null ? '' : `?run=${runId}`}`;

const tookOf = ({ startedAt, closedAt }: ListedRecovery): string =>
  closedAt === null ? '' : formatDuration(Date.parse(closedAt) - Date.parse(startedAt));

export function RecoveryTable({ items }: { items: readonly ListedRecovery[] }) {
  return (
    <table className="list recoveries">
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Target</th>
          <th scope="col">Playbook</th>
          <th scope="col">Severity</th>
          <th scope="col">Waits for</th>
          <th scope="col">Age</th>
          <th scope="col">Took</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.workflowId} ${item.runId}`}>
            <td className="cell-status">
              <Badge look={recoveryLook(item.status)} />
            </td>
            <td className="cell-target">
              <Link href={recoveryHref(item)}>{item.target}</Link>
            </td>
            <td className="cell-playbook">{item.playbook ?? '–'}</td>
            <td className="cell-severity">{item.severity?.toLowerCase() ?? '–'}</td>
            <td className="cell-wait">
              {item.waitingFor !== null && item.closedAt === null ? describeWait(item.waitingFor) : ''}
            </td>
            <td className="cell-age">
              <Age at={item.startedAt} />
            </td>
            <td className="cell-took number">{tookOf(item)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
