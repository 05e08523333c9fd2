import { Link, useLocation } from 'wouter';
import type { Answer } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { Age } from '../../parts/time.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { BULK_LOOKS } from '../../words/statuses.ts';
import { BulkDetail } from './bulk-detail.tsx';
import { NewBulk } from './new-bulk.tsx';

type List = Answer<'listBulks'>;

const LOOK_MS = 5000;

export function BulksPage({ name }: { name: string | undefined }) {
  const [, go] = useLocation();
  const { data, problem, loading, reload } = useResource('bulks', (api, signal) =>
    api.get<List>('/api/v1/executions/bulks', undefined, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  useOften(reload, LOOK_MS);
  const rows = data?.items.map((bulk) => ({
    key: bulk.runId,
    href: `/bulks/${encodeURIComponent(bulk.name)}`,
    current: bulk.name === name,
    content: (
      <>
        {bulk.name}
        <span>
          <Badge look={BULK_LOOKS[bulk.status]} />{' '}
          <span className="muted small">
            <Age at={bulk.closedAt ?? bulk.startedAt} />
          </span>
        </span>
      </>
    ),
  }));
  const filter =
    name === undefined ? (
      rows?.length === 0 && <p className="muted">There was none yet.</p>
    ) : (
      <Link href="/bulks">Recover many executions…</Link>
    );
  return (
    <ListPage
      title="Bulk recoveries"
      note="Many closed executions of your own workflows, recovered at once."
      what="bulk recoveries"
      {...{ problem, loading, reload, rows, filter }}
    >
      {name === undefined ? (
        <NewBulk
          onStarted={(started) => {
            reload();
            go(`/bulks/${encodeURIComponent(started)}`);
          }}
        />
      ) : (
        <BulkDetail key={name} name={name} />
      )}
    </ListPage>
  );
}
