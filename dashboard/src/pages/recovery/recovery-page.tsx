import { Link, useSearchParams } from 'wouter';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { Moment } from '../../parts/time.tsx';
import { useNow } from '../../state/use-now.ts';
import { useSession } from '../../state/session.tsx';
import type { RecoveryDetail } from '../../api/types.ts';
import { shortHash } from '../../words/format.ts';
import { standsAt } from '../../words/sentence.ts';
import { recoveryLook } from '../../words/statuses.ts';
import { ActionList } from './action-list.tsx';
import { Ask } from './ask.tsx';
import { Evidence } from './evidence.tsx';
import { Handling } from './handling.tsx';
import { Objective } from './objective.tsx';
import { OtherRuns } from './other-runs.tsx';
import { PlanGraph } from './plan-graph.tsx';
import { Timeline } from './timeline.tsx';
import { useRecovery } from './use-recovery.ts';
import { Why } from './why.tsx';

function TemporalLink({ detail }: { detail: RecoveryDetail }) {
  const { me } = useSession();
  if (me?.temporalUi === undefined) return null;
  const base = me.temporalUi.replace(/\/$/, '');
  const path = `namespaces/${me.namespace}/workflows/${encodeURIComponent(detail.workflowId)}/${detail.runId}/history`;
  return (
    <a href={`${base}/${path}`} rel="noreferrer" target="_blank">
      Open in Temporal
    </a>
  );
}

function Head({ detail }: { detail: RecoveryDetail }) {
  const { plan, status, target, startedAt, closedAt } = detail;
  const now = useNow(detail.open ? 1000 : 60_000);
  return (
    <header className="recovery-head">
      <p className="crumbs">
        <Link href="/">Recoveries</Link> / {target}
      </p>
      <div className="title-row">
        <h1>{target}</h1>
        <Badge look={recoveryLook(status)} />
      </div>
      <p className="stands" data-testid="stands">
        {standsAt(detail, now)}
      </p>
      <ul className="meta">
        {plan && (
          <>
            <li>
              playbook <Link href={`/playbooks/${plan.playbook.name}`}>{plan.playbook.name}</Link>
            </li>
            <li>{plan.severity.toLowerCase()} severity</li>
            <li>{plan.failureType.replaceAll('_', ' ')}</li>
            <li>
              plan <code>{shortHash(plan.hash)}</code>
            </li>
          </>
        )}
        <li>
          started <Moment at={startedAt} />
        </li>
        {closedAt !== null && (
          <li>
            closed <Moment at={closedAt} />
          </li>
        )}
        <li>
          <TemporalLink detail={detail} />
        </li>
      </ul>
    </header>
  );
}

export function RecoveryPage({ id }: { id: string }) {
  const [search] = useSearchParams();
  const { data: detail, problem, loading, reload } = useRecovery(id, search.get('run') ?? undefined);
  if (loading) return <Loading what={id} />;
  if (!detail) {
    return (
      <>
        <h1>{id}</h1>
        {problem && <ProblemCard problem={problem} onRetry={reload} />}
      </>
    );
  }
  const actions = detail.report?.actions ?? detail.snapshot?.actions ?? [];
  return (
    <article className="recovery">
      <Head detail={detail} />
      {problem && <ProblemCard problem={problem} onRetry={reload} />}
      <Objective detail={detail} />
      <Ask detail={detail} onDone={reload} />
      <Handling detail={detail} onDone={reload} />
      {detail.plan && (
        <section aria-labelledby="plan" className="card">
          <h2 id="plan">Plan</h2>
          <PlanGraph plan={detail.plan} actions={actions} current={detail.snapshot?.currentAction} />
          <ActionList plan={detail.plan} actions={actions} now={detail.snapshot?.currentAction} />
        </section>
      )}
      <div className="columns">
        <Timeline entries={detail.timeline} />
        <div className="column">
          <Evidence detail={detail} />
          {detail.plan && <Why plan={detail.plan} />}
          <OtherRuns target={detail.target} runId={detail.runId} />
        </div>
      </div>
    </article>
  );
}
