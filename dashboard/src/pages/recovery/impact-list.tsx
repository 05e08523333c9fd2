import type { Impact, PathChange } from '../../api/types.ts';
import { plural } from '../../words/format.ts';

const SIGNS: Record<PathChange['change'], { sign: string; word: string; tone: string }> = {
  create: { sign: '+', word: 'create', tone: 'good' },
  replace: { sign: '~', word: 'replace', tone: 'wait' },
  delete: { sign: '−', word: 'delete', tone: 'bad' },
  metadata: { sign: '·', word: 'mode or time', tone: 'off' },
};

interface ChangeListProps {
  changes: readonly Pick<PathChange, 'path' | 'change'>[];
  total: number;
}

/** Paths that a restore would change, each with a sign and a word. */
export function ChangeList({ changes, total }: ChangeListProps) {
  return (
    <>
      <ul className="changes">
        {changes.map(({ path, change }) => (
          <li key={path} className={`tone-${SIGNS[change].tone}`}>
            <span aria-hidden="true">{SIGNS[change].sign}</span>{' '}
            <span className="change-word">{SIGNS[change].word}</span> <code>{path}</code>
          </li>
        ))}
      </ul>
      {total > changes.length && <p className="muted">and {total - changes.length} more</p>}
    </>
  );
}

/** What the rollbacks of a plan would change. */
export function ImpactList({ impact }: { impact: Impact | undefined }) {
  if (!impact) return null;
  if (impact.unknown !== undefined)
    return <p className="refused">What a rollback would change is not known: {impact.unknown}</p>;
  return impact.rollbacks.map(
    ({ actionId, checkpointId, root, changes, changesTotal, unchanged, git, system, artifacts }) => (
      <div key={actionId} className="impact">
        <h3>
          Rolling back changes {plural(changesTotal, 'path')} of <code>{root}</code>
        </h3>
        <p className="muted">
          to checkpoint <code>{checkpointId}</code>; {plural(unchanged, 'path')} stay as they are
        </p>
        <ChangeList changes={changes} total={changesTotal} />
        {git && (
          <p>
            Git: <code>{git.from?.head?.slice(0, 10) ?? 'nothing'}</code> →{' '}
            <code>{git.to.head?.slice(0, 10) ?? 'nothing'}</code>
            {git.to.branch !== null && ` (${git.to.branch})`}
          </p>
        )}
        {system && system.length > 0 && (
          <ul className="changes">
            {system.map(({ provider, item, change }) => (
              <li key={`${provider} ${item}`}>
                <span className="change-word">{change}</span> {provider} <code>{item}</code>
              </li>
            ))}
          </ul>
        )}
        {artifacts && artifacts.length > 0 && (
          <ul className="changes">
            {artifacts.map(({ name, from, to }) => (
              <li key={name}>
                <code>{name}</code> {from} → {to}
              </li>
            ))}
          </ul>
        )}
      </div>
    ),
  );
}
