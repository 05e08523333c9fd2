import { useState } from 'react';
import type { Answer } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { Age } from '../../parts/time.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';
import { BREAKER_LOOKS } from '../../words/statuses.ts';
import { BreakerDetail } from './breaker-detail.tsx';

type List = Answer<'listBreakers'>;

export function BreakersPage({ name }: { name: string | undefined }) {
  const { data, problem, loading, reload, change } = useResource('breakers', (api, signal) =>
    api.get<List>('/api/v1/breakers', undefined, signal),
  );
  const [round, setRound] = useState(0);
  useLiveNews((news) => {
    if (news.kind === 'gap') reload();
    if (news.kind !== 'breakers') return;
    change(() => ({ items: news.items }));
    setRound((n) => n + 1);
  });
  const rows = data?.items.map((item) => {
    const content = (
      <>
        {item.name}
        <span>
          <Badge look={BREAKER_LOOKS[item.state]} /> <Age at={item.since} />
        </span>
      </>
    );
    return { key: item.name, href: `/breakers/${item.name}`, current: item.name === name, content };
  });
  return (
    <ListPage
      title="Breakers"
      what="breakers"
      {...{ problem, loading, reload, rows }}
      empty={
        <p className="empty">
          There are no circuit breakers. One appears with its first use by an action of a playbook.
        </p>
      }
    >
      {name === undefined ? (
        <p className="muted">Choose a breaker to see what it counts.</p>
      ) : (
        <BreakerDetail key={name} name={name} round={round} />
      )}
    </ListPage>
  );
}
