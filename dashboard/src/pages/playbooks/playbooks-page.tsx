import type { Answer } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { Age } from '../../parts/time.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';
import { DRILL_MARK_LOOKS } from '../../words/statuses.ts';
import { PlaybookDetail } from './playbook-detail.tsx';

type List = Answer<'listPlaybooks'>;

/** In the order in which they are asked: the first one that matches a failure makes its plan. */
export function PlaybooksPage({ name }: { name: string | undefined }) {
  const { data, problem, loading, reload } = useResource('playbooks', (api, signal) =>
    api.get<List>('/api/v1/playbooks', undefined, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  const rows = data?.items.map((item, index) => {
    const content = (
      <>
        <span>
          <span className="muted number">{index + 1}.</span> {item.name}
        </span>
        <span className="muted small">
          {item.source === 'user' ? 'your own' : item.family}
          {item.drill.at !== null && (
            <>
              , drill <Age at={item.drill.at} />
            </>
          )}
        </span>
        <span>
          <Badge look={DRILL_MARK_LOOKS[item.drill.state]} />
        </span>
      </>
    );
    const key = `${item.name} ${item.file}`;
    return { key, href: `/playbooks/${item.name}`, current: item.name === name, content };
  });
  return (
    <ListPage
      title="Playbooks"
      note="In the order in which they are asked; your own come before the built-in ones. The mark says whether one has passed a drill since its last change."
      what="playbooks"
      ordered
      {...{ problem, loading, reload, rows }}
      empty={<p className="empty">There are no playbooks.</p>}
    >
      {name === undefined ? (
        <p className="muted">Choose a playbook to see its actions.</p>
      ) : (
        <PlaybookDetail key={name} name={name} />
      )}
    </ListPage>
  );
}
