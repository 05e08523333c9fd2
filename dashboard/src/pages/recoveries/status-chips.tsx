import type { Counts } from '../../api/types.ts';
import { Icon } from '../../parts/icon.tsx';
import { recoveryLook } from '../../words/statuses.ts';
import { FILTER_STATUSES } from './filter.ts';

interface StatusChipsProps {
  counts: Counts | undefined;
  status: string | undefined;
  onChange: (status: string | undefined) => void;
}

/** Those that occur, with how many; each filters, several add up. */
export function StatusChips({ counts, status, onChange }: StatusChipsProps) {
  const chosen = status?.split(',') ?? [];
  const byStatus: Record<string, number | undefined> = counts?.byStatus ?? {};
  const shown = FILTER_STATUSES.filter((each) => (byStatus[each] ?? 0) > 0 || chosen.includes(each));
  if (shown.length === 0) return null;
  const toggle = (each: string): void => {
    const next = chosen.includes(each) ? chosen.filter((other) => other !== each) : [...chosen, each];
    onChange(next.length === 0 ? undefined : next.join(','));
  };
  return (
    <div className="chips" role="group" aria-label="Status">
      <button type="button" className="chip" aria-pressed={chosen.length === 0} onClick={() => onChange(undefined)}>
        all <span className="number">{counts?.total ?? ''}</span>
      </button>
      {shown.map((each) => {
        const { word, icon, tone } = recoveryLook(each);
        return (
          <button
            key={each}
            type="button"
            className={`chip tone-${tone}`}
            aria-pressed={chosen.includes(each)}
            onClick={() => toggle(each)}
          >
            <Icon name={icon} />
            {word} <span className="number">{byStatus[each] ?? 0}</span>
          </button>
        );
      })}
      {counts !== undefined && counts.killed > 0 && (
        <span className="chip plain" title="Ended from outside; they are in the list of all">
          killed <span className="number">{counts.killed}</span>
        </span>
      )}
    </div>
  );
}
