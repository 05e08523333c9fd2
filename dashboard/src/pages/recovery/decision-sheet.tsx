import { useId, useState } from 'react';
import type { Decision, RecoveryDetail } from '../../api/types.ts';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { useSession } from '../../state/session.tsx';
import { DECISION_WORDS } from '../../words/decisions.ts';
import { recoveryApiPath } from './use-recovery.ts';

interface DecisionSheetProps {
  detail: RecoveryDetail;
  actionId: string;
  decision: Decision;
  onClose: () => void;
  onDone: () => void;
}

interface Extra {
  field: 'input' | 'output' | 'playbook';
  label: string;
  required: boolean;
  json: boolean;
}

const EXTRAS: Partial<Record<Decision, Extra>> = {
  retry: { field: 'input', label: 'Another input as JSON (optional)', required: false, json: true },
  supply: { field: 'output', label: 'Output as JSON', required: true, json: true },
  handover: { field: 'playbook', label: 'Name of the playbook', required: true, json: false },
};

function read(extra: Extra | undefined, text: string): { body: object; wrong?: string } {
  if (!extra || text.trim() === '')
    return { body: {}, ...(extra?.required ? { wrong: `${extra.label} is needed` } : {}) };
  if (!extra.json) return { body: { [extra.field]: text.trim() } };
  try {
    return { body: { [extra.field]: JSON.parse(text) as unknown } };
  } catch {
    return { body: {}, wrong: `${extra.label}: this is no JSON` };
  }
}

export function DecisionSheet({ detail, actionId, decision, onClose, onDone }: DecisionSheetProps) {
  const { api } = useSession();
  const [text, setText] = useState('');
  const id = useId();
  const { label, effect } = DECISION_WORDS[decision];
  const extra = EXTRAS[decision];
  const { body, wrong } = read(extra, text);
  return (
    <Sheet title={label} onClose={onClose}>
      <ReasonForm
        verb={label}
        tone={decision === 'abort' || decision === 'rollback' ? 'danger' : 'primary'}
        blocked={wrong}
        send={(reason) =>
          api.send('POST', `${recoveryApiPath(detail.workflowId)}/decide`, { decision, actionId, reason, ...body })
        }
        onDone={() => {
          onClose();
          onDone();
        }}
        onCancel={onClose}
      >
        <p>{effect}</p>
        {extra && (
          <>
            <label htmlFor={id}>{extra.label}</label>
            <textarea
              id={id}
              rows={extra.json ? 4 : 1}
              className="code"
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </>
        )}
      </ReasonForm>
    </Sheet>
  );
}
