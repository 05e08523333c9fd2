import { useId, useState, type ReactNode } from 'react';
import { useChange } from '../state/use-change.ts';
import { ProblemCard } from './problem-card.tsx';

interface ReasonFormProps {
  /** What the button says. */
  verb: string;
  tone?: 'primary' | 'danger';
  /** False: it may stay empty. */
  required?: boolean;
  label?: string;
  /** Why it cannot be sent yet. */
  blocked?: string | undefined;
  send: (reason: string) => Promise<unknown>;
  onDone: () => void;
  onCancel?: () => void;
  children?: ReactNode;
}

/** A reason for the audit and the report, and a button. */
export function ReasonForm(props: ReasonFormProps) {
  const {
    verb,
    tone = 'primary',
    required = true,
    label = 'Reason',
    blocked,
    send,
    onDone,
    onCancel,
    children,
  } = props;
  const [reason, setReason] = useState('');
  const { busy, problem, run } = useChange();
  const id = useId();
  const missing = required && reason.trim() === '';
  return (
    <form
      className="reason-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing || blocked !== undefined) return;
        void run(() => send(reason.trim())).then((ok) => ok && onDone());
      }}
    >
      {children}
      <label htmlFor={id}>
        {label}
        {required ? '' : ' (optional)'}
      </label>
      <textarea
        id={id}
        rows={2}
        maxLength={2000}
        required={required}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {problem && <ProblemCard problem={problem} />}
      <div className="buttons">
        <button type="submit" className={tone} disabled={busy || missing || blocked !== undefined}>
          {busy ? 'Sending…' : verb}
        </button>
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Back
          </button>
        )}
      </div>
      {blocked !== undefined && <p className="refused">{blocked}</p>}
    </form>
  );
}
