import type { RecoveryDetail, RecoveryReport } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { Icon } from '../../parts/icon.tsx';
import { formatDuration } from '../../words/format.ts';
import { RecordedErrorView } from './recorded-error.tsx';
import { Waterfall } from './waterfall.tsx';

type Reading = RecoveryReport['verification']['before'][number];

function Readings({ title, readings }: { title: string; readings: readonly Reading[] }) {
  if (readings.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul className="readings">
        {readings.map(({ name, passed, observed, kind, at }) => (
          <li key={`${name} ${at}`} className={`tone-${passed ? 'good' : 'bad'}`}>
            <Icon name={passed ? 'check' : 'cross'} />
            <span>
              <strong>{name}</strong> {passed ? 'passes' : 'fails'} <span className="muted">({kind})</span>
              <br />
              {observed}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function People({ report }: { report: RecoveryReport }) {
  if (report.approvals.length + report.decisions.length === 0) return null;
  return (
    <>
      <h3>Who decided</h3>
      <ul className="reasons">
        {report.approvals.map(({ verdict, by, reason, at, authenticated, breakGlass, voidedBy }) => (
          <li key={`${by} ${at}`}>
            <strong>{verdict.replace('_', ' ')}</strong> by {by}
            {verdict !== 'timed_out' && !authenticated && <span className="muted"> (not signed)</span>}
            {breakGlass && ' (broke the glass)'}
            {reason !== undefined && `: ${reason}`}
            {voidedBy !== undefined && <span className="refused"> void: {voidedBy}</span>}
          </li>
        ))}
        {report.decisions.map(({ decision, actionId, by, reason, at }) => (
          <li key={`${by} ${at}`}>
            <strong>{decision}</strong> for {actionId} by {by}: {reason}
          </li>
        ))}
      </ul>
    </>
  );
}

const UNDONE = {
  true: { word: 'undone', tone: 'undo', icon: 'undo' },
  false: { word: 'undo failed', tone: 'bad', icon: 'warning' },
} as const;

function Report({ report }: { report: RecoveryReport }) {
  const { verification, compensations, restored, error, nextSteps, failure, durations, failedStrategies } = report;
  return (
    <>
      {nextSteps.length > 0 && (
        <>
          <h3>What to do next</h3>
          <ul className="reasons">
            {nextSteps.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </>
      )}
      <h3>What failed</h3>
      <p className="failure-message">{failure.message}</p>
      {error && <RecordedErrorView error={error} />}
      {failedStrategies?.map(({ playbook, error: why }) => (
        <p key={playbook} className="muted">
          {playbook} was tried before and did not help: {why.message}
        </p>
      ))}
      <h3>Durations</h3>
      <Waterfall report={report} />
      {durations.humanWaitMs > 0 && <p className="muted">Waited for people: {formatDuration(durations.humanWaitMs)}</p>}
      <Readings title="Probes before" readings={verification.before} />
      <Readings title="Probes after" readings={verification.after} />
      <p className="muted">
        {verification.verified
          ? `Verified by ${verification.how === 'probes' ? 'its probes' : 'the operation itself'}${verification.heldForMs > 0 ? `, held for ${formatDuration(verification.heldForMs)}` : ''}.`
          : 'Not verified: nothing was looked at that would prove it works.'}
      </p>
      <People report={report} />
      {restored && (
        <p>
          Restored <code>{restored.checkpointId}</code>: {restored.changed} paths
          {restored.backupId !== undefined && (
            <>
              ; what was there before is in <code>{restored.backupId}</code>
            </>
          )}
        </p>
      )}
      {compensations.length > 0 && (
        <>
          <h3>Undone</h3>
          <ul className="readings">
            {compensations.map(({ actionId, title, ok, error: why }) => (
              <li key={actionId}>
                <Badge look={UNDONE[`${ok}`]} />
                <span>
                  {title}
                  {why && `: ${why.message}`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

/** What was seen: of an open recovery what its timeline holds of probes, of a closed one its report. */
export function Evidence({ detail }: { detail: RecoveryDetail }) {
  const { report, timeline } = detail;
  const probes = timeline.filter(({ kind }) => kind === 'probe').slice(-6);
  const reported = timeline.filter(({ kind }) => kind === 'reported' || kind === 'joined');
  return (
    <section className="card" aria-labelledby="evidence">
      <h2 id="evidence">Evidence</h2>
      {report ? (
        <Report report={report} />
      ) : (
        <>
          <h3>What failed</h3>
          {reported.map(({ seq, message }) => (
            <p key={seq} className="failure-message">
              {message}
            </p>
          ))}
          <h3>Probes so far</h3>
          {probes.length === 0 ? (
            <p className="muted">None has been read yet.</p>
          ) : (
            <ul className="reasons">
              {probes.map(({ seq, message }) => (
                <li key={seq}>{message}</li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}
