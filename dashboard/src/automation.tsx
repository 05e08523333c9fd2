import { useState } from 'react';
import type { Answer, Automation } from './api/types.ts';
import { Icon } from './parts/icon.tsx';
import { ReasonForm } from './parts/reason-form.tsx';
import { Sheet } from './parts/sheet.tsx';
import { useLiveNews } from './state/live.tsx';
import { useRefusal, useSession } from './state/session.tsx';
import { useOften } from './state/use-often.ts';
import { useResource } from './state/use-resource.ts';
import { formatMoment, plural } from './words/format.ts';

const LOOK_MS = 15_000;

type Changed = Answer<'setAutomation'>;

function SwitchSheet({ to, onClose, onChanged }: { to: 'on' | 'off'; onClose: () => void; onChanged: () => void }) {
  const { api } = useSession();
  const [result, setResult] = useState<Changed>();
  return (
    <Sheet title={`Switch automation ${to}`} onClose={onClose}>
      {result ? (
        <>
          <p>
            Automation is {result.automation}. {plural(result.changed.length, 'open recovery', 'open recoveries')}{' '}
            {to === 'off' ? 'paused' : 'resumed'}.
          </p>
          {result.refused.map(({ workflowId, reason }) => (
            <p key={workflowId} className="refused">
              {workflowId}: {reason}
            </p>
          ))}
          <div className="buttons">
            <button type="button" className="primary" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      ) : (
        <ReasonForm
          verb={`Switch ${to}`}
          tone={to === 'off' ? 'danger' : 'primary'}
          send={async (reason) =>
            setResult(await api.send<Changed>('PUT', '/api/v1/automation', { automation: to, reason }))
          }
          onDone={onChanged}
          onCancel={onClose}
        >
          <p>
            {to === 'off'
              ? 'No plan acts by itself any more: new ones wait for an approval, and open recoveries pause before their next action.'
              : 'Plans act by themselves again, and recoveries that the switch has paused go on.'}
          </p>
        </ReasonForm>
      )}
    </Sheet>
  );
}

/** On every page: nothing while automation is on but a quiet switch for admins, a banner while it is off. */
export function AutomationBanner() {
  const { data, reload } = useResource('automation', (api, signal) =>
    api.get<Automation>('/api/v1/automation', undefined, signal),
  );
  const refusal = useRefusal()('setAutomation');
  const [sheet, setSheet] = useState<'on' | 'off'>();
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  useOften(reload, LOOK_MS);
  if (!data) return null;
  const off = data.automation === 'off';
  const other = off ? 'on' : 'off';
  return (
    <>
      {(off || refusal === undefined) && (
        <aside className={off ? 'automation off' : 'automation'} aria-label="Automation">
          {off ? (
            <p role="status">
              <Icon name="pause" />
              <strong>Automation is off.</strong> No plan acts by itself.
              {data.by !== undefined && ` Switched off by ${data.by}`}
              {data.since !== undefined && ` at ${formatMoment(data.since)}`}
              {data.reason !== undefined && `: ${data.reason}`}
            </p>
          ) : (
            <p>
              <Icon name="play" />
              Automation is on
            </p>
          )}
          {refusal === undefined ? (
            <button type="button" onClick={() => setSheet(other)}>
              Switch {other}
            </button>
          ) : (
            <span className="refused">Switch on: {refusal}</span>
          )}
        </aside>
      )}
      {sheet && <SwitchSheet to={sheet} onClose={() => setSheet(undefined)} onChanged={reload} />}
    </>
  );
}
