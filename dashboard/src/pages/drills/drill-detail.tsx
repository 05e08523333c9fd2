import { Link } from 'wouter';
import type { Answer, DrillReport } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { Moment } from '../../parts/time.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { formatDuration } from '../../words/format.ts';
import { drillLook, recoveryLook } from '../../words/statuses.ts';

const LOOK_MS = 2000;

const time = (ms: number | undefined): string => (ms === undefined ? 'not measured' : formatDuration(ms));

/** Objective and measured figure beside each other (requirement 7.3). */
function Figures({ report }: { report: DrillReport }) {
  const { objectives, durations, items } = report;
  const rows: [string, string, string][] = [
    ['Time to recover', objectives.rto, time(durations.ttrMs)],
    [
      'Gone back',
      objectives.rpo ?? 'none',
      durations.checkpointAgeMs === undefined ? 'not at all' : time(durations.checkpointAgeMs),
    ],
    ['Items lost', `${objectives.itemsLost} of ${items.count}`, String(items.lost.length)],
    ['Waited for people', 'none', time(durations.humanWaitMs)],
  ];
  return (
    <table className="list">
      <thead>
        <tr>
          <th>Figure</th>
          <th>Objective</th>
          <th>Measured</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([what, objective, measured]) => (
          <tr key={what}>
            <td>{what}</td>
            <td className="number">{objective}</td>
            <td className="number">{measured}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function DrillDetail({ id }: { id: string }) {
  const path = `/api/v1/drills/${encodeURIComponent(id)}`;
  const { data, problem, loading, reload } = useResource(path, (api, signal) =>
    api.get<Answer<'getDrill'>>(path, undefined, signal),
  );
  useOften(reload, LOOK_MS);
  if (loading) return <Loading what={id} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  const { report } = data;
  if (report === null) return <p className="muted">It is still running; its report is made when it ends.</p>;
  const { recovery, times } = report;
  return (
    <section className="card stack" aria-labelledby="drill">
      <div className="title-row">
        <h2 id="drill">{report.name}</h2>
        <Badge look={drillLook(report.verdict)} />
        <span className="muted">on {report.host}</span>
      </div>
      {report.problems.map((why) => (
        <p key={why} className="refused">
          {why}
        </p>
      ))}
      <Figures report={report} />
      {recovery && (
        <p>
          <Badge look={recoveryLook(recovery.status)} />{' '}
          <Link href={`/recoveries/${recovery.workflowId.replace(/^recovery\//, '')}?run=${recovery.runId}`}>
            its recovery
          </Link>
          {recovery.playbook !== undefined && (
            <>
              {' '}
              by <Link href={`/playbooks/${recovery.playbook}`}>{recovery.playbook}</Link>
            </>
          )}
          : {recovery.summary}
        </p>
      )}
      {times.t0 !== undefined && (
        <p className="muted">
          The fault was there at <Moment at={times.t0} />.
        </p>
      )}
    </section>
  );
}
