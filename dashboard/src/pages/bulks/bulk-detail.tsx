import { useCallback, useState } from 'react';
import type { BulkReport } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { ReasonForm } from '../../parts/reason-form.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { BulkProgress, isUnderWay } from './bulk-report.tsx';

const LOOK_MS = 1000;

export function BulkDetail({ name }: { name: string }) {
  const { api } = useSession();
  const refusal = useRefusal();
  const [stopping, setStopping] = useState(false);
  const path = `/api/v1/executions/bulks/${encodeURIComponent(name)}`;
  const { data, problem, loading, reload } = useResource(path, (asked, signal) =>
    asked.get<BulkReport>(path, undefined, signal),
  );
  const open = data !== undefined && isUnderWay(data.status);
  useOften(
    useCallback(() => open && reload(), [open, reload]),
    LOOK_MS,
  );
  if (loading) return <Loading what={name} />;
  if (!data) return problem ? <ProblemCard problem={problem} onRetry={reload} /> : null;
  const close = () => setStopping(false);
  return (
    <section className="card stack" aria-labelledby="bulk">
      <BulkProgress report={data} />
      <Actions
        acts={[
          {
            label: 'Stop',
            onClick: () => setStopping(true),
            refused: refusal('stopBulk') ?? (open ? undefined : `it is ${data.status}`),
          },
        ]}
      />
      {stopping && (
        <Sheet title={`Stop ${name}`} onClose={close}>
          <ReasonForm
            verb="Stop"
            tone="danger"
            send={(reason) => api.send('POST', `${path}/stop`, { reason })}
            onDone={() => {
              close();
              reload();
            }}
            onCancel={close}
          >
            <p>What is being treated is finished, nothing more is begun.</p>
          </ReasonForm>
        </Sheet>
      )}
    </section>
  );
}
