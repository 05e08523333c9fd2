import type { TimelineEntry } from '../../api/types.ts';
import { Icon } from '../../parts/icon.tsx';
import { formatClock, formatMoment } from '../../words/format.ts';
import type { IconName, Tone } from '../../words/statuses.ts';

const LOOKS: Record<TimelineEntry['kind'], { icon: IconName; tone: Tone }> = {
  reported: { icon: 'warning', tone: 'bad' },
  joined: { icon: 'warning', tone: 'bad' },
  alert: { icon: 'check', tone: 'off' },
  planned: { icon: 'dots', tone: 'busy' },
  approval: { icon: 'key', tone: 'wait' },
  refused: { icon: 'cross', tone: 'bad' },
  action: { icon: 'play', tone: 'busy' },
  attempt: { icon: 'play', tone: 'busy' },
  decision: { icon: 'person', tone: 'wait' },
  pause: { icon: 'pause', tone: 'wait' },
  probe: { icon: 'eye', tone: 'busy' },
  compensation: { icon: 'undo', tone: 'undo' },
  status: { icon: 'dash', tone: 'off' },
  strategy: { icon: 'skip', tone: 'busy' },
  brake: { icon: 'stop', tone: 'wait' },
};

/** How it went, where the message says so. */
function lookOf({ kind, message }: TimelineEntry): { icon: IconName; tone: Tone } {
  if (/ failed|fails:|could not/.test(message)) return { icon: 'cross', tone: 'bad' };
  if (/ succeeded|passes:|^recovered$/.test(message)) return { icon: 'check', tone: 'good' };
  return LOOKS[kind];
}

/** Newest first: what has just happened is at the top, and the rest keeps its order. */
export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  return (
    <section className="card" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {entries.length === 0 && <p className="muted">Nothing has happened yet.</p>}
      <ol className="timeline" reversed>
        {[...entries].reverse().map((entry) => {
          const { icon, tone } = lookOf(entry);
          return (
            <li key={entry.seq}>
              <time dateTime={entry.at} title={formatMoment(entry.at)} className="number muted">
                {formatClock(entry.at)}
              </time>
              <span className={`mark tone-${tone}`}>
                <Icon name={icon} />
              </span>
              <div>
                <span className="kind">{entry.kind}</span> {entry.message.replaceAll('_', ' ')}
                {entry.by !== undefined && (
                  <span className="actor">
                    <Icon name="person" /> {entry.by}
                    {entry.reason !== undefined && `: ${entry.reason}`}
                  </span>
                )}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
