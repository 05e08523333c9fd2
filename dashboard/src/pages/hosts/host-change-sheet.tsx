import { useState } from 'react';
import type { Host } from '../../api/types.ts';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { TypedName } from '../../parts/typed-name.tsx';
import { useSession } from '../../state/session.tsx';

export type HostVerb = 'drain' | 'undrain';

const VERBS: Record<HostVerb, { label: string; effect: string; tone: 'primary' | 'danger' }> = {
  drain: {
    label: 'Drain',
    effect: 'New captures, restores, recoveries, processes and runs are refused there. What runs ends.',
    tone: 'danger',
  },
  undrain: { label: 'Undrain', effect: 'It takes work again.', tone: 'primary' },
};

interface HostChangeSheetProps {
  host: Host;
  verb: HostVerb;
  /** Of the host in the API. */
  path: string;
  onClose: () => void;
  onDone: () => void;
}

/** A reason for each; where another host has taken over, the name as well: two that work on one thing would damage it. */
export function HostChangeSheet({ host, verb, path, onClose, onDone }: HostChangeSheetProps) {
  const { api } = useSession();
  const [typed, setTyped] = useState('');
  const { name, failedOver } = host;
  const { label, effect, tone } = VERBS[verb];
  const rival = verb === 'undrain' ? failedOver : null;
  return (
    <Sheet title={`${label} ${name}`} onClose={onClose}>
      <ReasonForm
        verb={label}
        tone={rival ? 'danger' : tone}
        blocked={rival && typed !== name ? `Type ${name} to confirm.` : undefined}
        send={(reason) => api.send('POST', `${path}/${verb}`, { reason })}
        onDone={onDone}
        onCancel={onClose}
      >
        <p>{effect}</p>
        {rival && (
          <>
            <p>
              {rival.to} has taken over what it had: two hosts working on one thing would damage it. Stop it on one of
              them first.
            </p>
            <TypedName label="Host" typed={typed} onType={setTyped} />
          </>
        )}
      </ReasonForm>
    </Sheet>
  );
}
