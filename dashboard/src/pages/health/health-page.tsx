import type { Answer } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { plural } from '../../words/format.ts';
import { HEALTH_LOOKS } from '../../words/statuses.ts';
import { MonitorDetail } from './monitor-detail.tsx';

type List = Answer<'listMonitors'>;

const LOOK_MS = 5000;

export function HealthPage({ name }: { name: string | undefined }) {
  const { data, problem, loading, reload } = useResource('monitors', (api, signal) =>
    api.get<List>('/api/v1/monitors', undefined, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  useOften(reload, LOOK_MS);
  const rows = data?.items.map((item) => {
    const targets = plural(item.targets, 'target');
    const content = (
      <>
        {item.name}
        <span>
          <Badge look={HEALTH_LOOKS[item.state]} />{' '}
          <span className="muted small">{item.unhealthy === 0 ? targets : `${item.unhealthy} of ${targets} ill`}</span>
        </span>
      </>
    );
    return { key: item.name, href: `/health/${item.name}`, current: item.name === name, content };
  });
  return (
    <ListPage
      title="Health"
      note="What monitors see; each looks at its targets on a host and has the ill ones recovered."
      what="monitors"
      {...{ problem, loading, reload, rows }}
      empty={
        <p className="empty">
          No monitor runs. Start one from a file: <code>rerail monitor start FILE</code>
        </p>
      }
    >
      {name === undefined ? (
        <p className="muted">Choose a monitor to see its targets.</p>
      ) : (
        <MonitorDetail key={name} name={name} />
      )}
    </ListPage>
  );
}
