import { useRef, useState } from 'react';
import { problemOf } from '../../api/client.ts';
import type { Answer, ListedRecovery, Problem } from '../../api/types.ts';
import { useLiveNews } from '../../state/live.tsx';
import { useSession } from '../../state/session.tsx';
import { useResource } from '../../state/use-resource.ts';
import { byStart, mergeRecoveries } from './filter.ts';

type Page = Answer<'listRecoveries'>;
type Query = Record<string, string | undefined>;

const PAGE = 50;
const LARGEST_PAGE = 200;
const PATH = '/api/v1/recoveries';

/** A list of the API that is kept up to date; `belongs` says which news are part of it. */
export function useRecoveryList(query: Query, belongs: (item: ListedRecovery) => boolean) {
  const { api } = useSession();
  const shown = useRef(PAGE);
  const [more, setMore] = useState<{ busy: boolean; problem?: Problem }>({ busy: false });
  const first = useResource(JSON.stringify(query), (asked, signal) =>
    asked.get<Page>(PATH, { ...query, limit: Math.min(LARGEST_PAGE, shown.current) }, signal),
  );
  useLiveNews((news) => {
    if (news.kind === 'gap') first.reload();
    if (news.kind !== 'recoveries') return;
    first.change((page) => ({ ...page, items: mergeRecoveries(page.items, news.items, belongs) }));
    first.settle();
  });
  const cursor = first.data?.nextCursor ?? undefined;
  async function loadMore(): Promise<void> {
    setMore({ busy: true });
    try {
      const next = await api.get<Page>(PATH, { ...query, limit: PAGE, cursor });
      first.change((page) => {
        const items = mergeRecoveries(page.items, next.items, () => true);
        shown.current = items.length;
        return { items, nextCursor: next.nextCursor };
      });
      setMore({ busy: false });
    } catch (error) {
      setMore({ busy: false, problem: problemOf(error) });
    }
  }
  return { ...first, items: first.data?.items.toSorted(byStart), hasMore: cursor !== undefined, loadMore, more };
}
