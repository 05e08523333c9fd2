import type { Answer } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { Age } from '../../parts/time.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { formatDuration } from '../../words/format.ts';
import { drillLook } from '../../words/statuses.ts';
import { DrillDetail } from './drill-detail.tsx';

type List = Answer<'listDrills'>;

const LOOK_MS = 5000;

/** Newest first: which were run, how they ended and how long they took. */
export function DrillsPage({ id }: { id: string | undefined }) {
  const { data, problem, loading, reload } = useResource('drills', (api, signal) =>
    api.get<List>('/api/v1/drills', { limit: 100 }, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  useOften(reload, LOOK_MS);
  const rows = data?.items.map((item) => {
    const own = item.workflowId.replace(/^drill\//, '');
    const content = (
      <>
        {item.name}
        <span>
          <Badge look={drillLook(item.verdict)} />{' '}
          <span className="muted small number">
            {item.ttrMs !== null && `${formatDuration(item.ttrMs)}, `}
            <Age at={item.startedAt} />
          </span>
        </span>
      </>
    );
    return { key: item.workflowId, href: `/drills/${own}`, current: own === id, content };
  });
  return (
    <ListPage
      title="Drills"
      note="Faults that were injected on purpose, and how they were recovered from."
      what="drills"
      {...{ problem, loading, reload, rows }}
      empty={
        <p className="empty">
          No drill was run yet. Run the built-in ones: <code>rerail drill run</code>
        </p>
      }
    >
      {id === undefined ? <p className="muted">Choose a drill to see its report.</p> : <DrillDetail key={id} id={id} />}
    </ListPage>
  );
}
