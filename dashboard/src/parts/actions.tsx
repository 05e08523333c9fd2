import { useId } from 'react';

export interface Act {
  label: string;
  onClick: () => void;
  /** Why it cannot be done now. */
  refused?: string | undefined;
  tone?: 'primary' | 'danger';
}

/** Buttons in a row; what cannot be done stays there, with the reason as text below. */
export function Actions({ acts, busy = false }: { acts: readonly Act[]; busy?: boolean }) {
  const id = useId();
  const reasons = [...new Set(acts.flatMap(({ refused }) => (refused === undefined ? [] : [refused])))];
  return (
    <div className="actions">
      <div className="buttons">
        {acts.map(({ label, onClick, refused, tone }) => (
          <button
            key={label}
            type="button"
            className={tone}
            disabled={busy || refused !== undefined}
            aria-describedby={refused === undefined ? undefined : `${id}-${reasons.indexOf(refused)}`}
            onClick={onClick}
          >
            {label}
          </button>
        ))}
      </div>
      {reasons.map((reason, index) => (
        <p key={reason} id={`${id}-${index}`} className="refused">
          {acts.flatMap(({ label, refused }) => (refused === reason ? [label] : [])).join(', ')}: {reason}
        </p>
      ))}
    </div>
  );
}
