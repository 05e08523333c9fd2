import { useId, useState } from 'react';
import type { BulkPreview } from '../../api/types.ts';
import { ProblemCard } from '../../parts/problem-card.tsx';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { TypedName } from '../../parts/typed-name.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useChange } from '../../state/use-change.ts';
import { plural } from '../../words/format.ts';

const PATH = '/api/v1/executions/bulks';
const WAYS = { reset: 'reset: from before the step that failed', restart: 'restart: from the start, same input' };

interface Given {
  name: string;
  query: string;
  how: string;
}

/** How many there are, and the first of them by name. */
export function BulkPreviewList({ preview: { found, first, how } }: { preview: BulkPreview }) {
  if (found === 0) return <p>No failed execution fits the query.</p>;
  const more = found - first.length;
  return (
    <>
      <p>
        <strong>{plural(found, 'failed execution')}</strong> would be recovered by {how}:
      </p>
      <ul className="effects">
        {first.map((id) => (
          <li key={id}>{id}</li>
        ))}
        {more > 0 && <li>… and {more} more</li>}
      </ul>
    </>
  );
}

interface ConfirmProps {
  given: Given;
  preview: BulkPreview;
  onClose: () => void;
  onStarted: (name: string) => void;
}

/** With names and counts; it is begun only after its own name was typed. */
function ConfirmSheet({ given, preview, onClose, onStarted }: ConfirmProps) {
  const { api, me } = useSession();
  const [typed, setTyped] = useState('');
  const { found } = preview;
  const refused = me?.roles.includes('admin') ? undefined : 'needs the role admin';
  const blocked =
    refused ??
    (found === 0
      ? 'There is nothing to recover.'
      : typed === given.name
        ? undefined
        : `Type ${given.name} to confirm.`);
  return (
    <Sheet title={`Recover by bulk ${given.name}`} onClose={onClose} wide>
      <ReasonForm
        verb={`Recover ${plural(found, 'execution')}`}
        tone="danger"
        blocked={blocked}
        send={(reason) => api.send('POST', PATH, { ...given, reason, dryRun: false })}
        onDone={() => onStarted(given.name)}
        onCancel={onClose}
      >
        <BulkPreviewList preview={preview} />
        <p className="muted">What fits the query when it begins is recovered, five at a time, sixty a minute.</p>
        <TypedName label="Name" typed={typed} onType={setTyped} />
      </ReasonForm>
    </Sheet>
  );
}

/** Which executions, and how; what would be done comes before it is done. */
export function NewBulk({ onStarted }: { onStarted: (name: string) => void }) {
  const { api } = useSession();
  const refused = useRefusal()('startBulk');
  const [given, setGiven] = useState<Given>({ name: '', query: '', how: 'reset' });
  const [preview, setPreview] = useState<BulkPreview>();
  const { busy, problem, run } = useChange();
  const id = useId();
  const missing = given.name.trim() === '' || given.query.trim() === '';
  const look = () =>
    run(async () => {
      const body = { ...given, reason: 'a preview', dryRun: true };
      setPreview(await api.send<BulkPreview>('POST', PATH, body));
    });
  return (
    <section className="card" aria-labelledby="new-bulk">
      <form
        className="reason-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!missing && refused === undefined) void look();
        }}
      >
        <h2 id="new-bulk">Recover many executions</h2>
        <label htmlFor={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`}
          autoComplete="off"
          spellCheck={false}
          placeholder="outage-of-monday"
          value={given.name}
          onChange={(event) => setGiven({ ...given, name: event.target.value })}
        />
        <label htmlFor={`${id}-query`}>Query</label>
        <textarea
          id={`${id}-query`}
          rows={2}
          spellCheck={false}
          placeholder="WorkflowType = 'order'"
          value={given.query}
          onChange={(event) => setGiven({ ...given, query: event.target.value })}
        />
        <p className="muted small">
          Of Temporal. Without a word on ExecutionStatus it means those that failed, timed out or were terminated.
        </p>
        <SelectField
          id={`${id}-how`}
          label="How"
          value={given.how}
          options={WAYS}
          onChange={(how) => setGiven({ ...given, how })}
        />
        {problem && <ProblemCard problem={problem} />}
        <div className="buttons">
          <button type="submit" className="primary" disabled={busy || missing || refused !== undefined}>
            {busy ? 'Looking…' : 'Preview…'}
          </button>
        </div>
        {refused !== undefined && <p className="refused">{refused}</p>}
      </form>
      {preview && (
        <ConfirmSheet given={given} preview={preview} onClose={() => setPreview(undefined)} onStarted={onStarted} />
      )}
    </section>
  );
}
