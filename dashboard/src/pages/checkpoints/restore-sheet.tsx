import { useState } from 'react';
import type { RestoreResult } from '../../api/types.ts';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { TypedName } from '../../parts/typed-name.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useResource } from '../../state/use-resource.ts';
import { plural } from '../../words/format.ts';
import { ChangeList } from '../recovery/impact-list.tsx';

interface RestoreSheetProps {
  subject: string;
  /** Undefined: the last restore is taken back. */
  checkpoint: string | undefined;
  onClose: () => void;
  onDone: () => void;
}

function Preview({ plan }: { plan: RestoreResult['plan'] }) {
  return (
    <>
      <p>
        {plan.changesTotal === 0 ? 'Nothing' : plural(plan.changesTotal, 'path')} of <code>{plan.root}</code> would be
        changed; {plural(plan.unchanged, 'path')} stay as they are.
      </p>
      <ChangeList changes={plan.changes} total={plan.changesTotal} />
      {plan.changes.some(({ diff }) => diff !== undefined) && (
        <details>
          <summary>The lines that would change</summary>
          {plan.changes.map(({ path, diff }) =>
            diff === undefined ? null : (
              <pre key={path} tabIndex={0} aria-label={`Difference of ${path}`}>
                <code>{diff}</code>
              </pre>
            ),
          )}
        </details>
      )}
      {plan.git && (
        <p>
          Git: {plan.git.from?.head?.slice(0, 10) ?? 'nothing'} → {plan.git.to.head?.slice(0, 10) ?? 'nothing'}
        </p>
      )}
      {plan.system?.map(({ provider, item, change }) => (
        <p key={`${provider} ${item}`}>
          {provider} {item}: {change}
        </p>
      ))}
    </>
  );
}

/** What it has done, and how to take it back. */
function Done({
  result,
  onUndo,
  onClose,
}: {
  result: RestoreResult;
  onUndo: (() => void) | undefined;
  onClose: () => void;
}) {
  return (
    <div className="stack" role="status">
      <p>
        <strong>{result.success ? 'Restored.' : 'Not everything was restored.'}</strong>{' '}
        {plural(result.plan.changesTotal, 'path')} changed, {plural(result.verified.files, 'file')} looked at afterwards
        {result.verified.mismatches.length > 0 && `, ${result.verified.mismatches.length} do not fit`}.
      </p>
      {result.errors.map(({ item, error }) => (
        <p key={item} className="field-problem">
          {item}: {error}
        </p>
      ))}
      {result.backupId !== undefined && (
        <p className="muted">
          What was there before is in <code>{result.backupId}</code>.
        </p>
      )}
      <div className="buttons">
        <button type="button" className="primary" onClick={onClose}>
          Close
        </button>
        {onUndo && (
          <button type="button" onClick={onUndo}>
            Undo…
          </button>
        )}
      </div>
    </div>
  );
}

/** The dry run comes first; it is carried out only after the subject was typed, and only as it was shown. */
export function RestoreSheet({ subject, checkpoint: given, onClose, onDone }: RestoreSheetProps) {
  const { api } = useSession();
  const refusal = useRefusal();
  const [checkpoint, setCheckpoint] = useState(given);
  const [typed, setTyped] = useState('');
  const [result, setResult] = useState<RestoreResult>();
  const undo = checkpoint === undefined;
  const path = undo ? '/api/v1/undo' : '/api/v1/rollbacks';
  const body = undo ? { subject } : { subject, checkpoint };
  const preview = useResource(`preview ${subject} ${checkpoint}`, (asked) =>
    asked.send<RestoreResult>('POST', `${path}:preview`, undo ? body : { ...body, diff: true }),
  );
  const title = undo ? `Undo the last restore of ${subject}` : `Restore ${subject}`;
  if (result) {
    return (
      <Sheet title={title} onClose={onClose} wide>
        <Done
          result={result}
          onClose={onClose}
          onUndo={
            undo
              ? undefined
              : () => {
                  setResult(undefined);
                  setTyped('');
                  setCheckpoint(undefined);
                }
          }
        />
      </Sheet>
    );
  }
  const plan = preview.data?.plan;
  const refused = refusal(undo ? 'undoRollback' : 'applyRollback');
  return (
    <Sheet title={title} onClose={onClose} wide>
      {preview.loading && <Loading what="what would change" />}
      {preview.problem && <ProblemCard problem={preview.problem} onRetry={preview.reload} />}
      {plan && (
        <ReasonForm
          key={checkpoint ?? 'undo'}
          verb={undo ? 'Undo' : 'Restore'}
          tone="danger"
          blocked={refused ?? (typed === subject ? undefined : `Type ${subject} to confirm.`)}
          send={async (reason) => {
            setResult(await api.send<RestoreResult>('POST', path, { ...body, planHash: plan.hash, reason }));
          }}
          onDone={onDone}
          onCancel={onClose}
        >
          <Preview plan={plan} />
          <TypedName label="Subject" typed={typed} onType={setTyped} />
        </ReasonForm>
      )}
    </Sheet>
  );
}
