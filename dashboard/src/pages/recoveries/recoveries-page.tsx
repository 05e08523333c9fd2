import { useSearchParams } from 'wouter';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { useLive } from '../../state/live.tsx';
import { matchesFilter, readFilter, type FilterField } from './filter.ts';
import { FilterBar } from './filter-bar.tsx';
import { RecoveryTable } from './recovery-table.tsx';
import { StatusChips } from './status-chips.tsx';
import { useRecoveryList } from './use-recovery-list.ts';
import { WaitingBlock } from './waiting-block.tsx';

function Empty({ filtered }: { filtered: boolean }) {
  if (filtered) return <p className="empty">No recovery fits this filter.</p>;
  return (
    <section className="empty">
      <h2>Nothing has had to be recovered yet</h2>
      <p>Report a failure and Rerail plans its recovery:</p>
      <pre>
        <code>rerail recover --target service/api --message "connection refused" -- systemctl restart api</code>
      </pre>
      <p className="muted">A protected run does so by itself when a step fails: rerail run pipeline.yaml</p>
    </section>
  );
}

export function RecoveriesPage() {
  const [search, setSearch] = useSearchParams();
  const filter = readFilter(search);
  const { counts } = useLive();
  const list = useRecoveryList({ ...filter }, (item) => matchesFilter(item, filter));
  const filtered = Object.keys(filter).length > 0;

  function setField(field: FilterField, value: string | undefined): void {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete('focus');
        if (value === undefined || value === '') next.delete(field);
        else next.set(field, value);
        return next;
      },
      { replace: field === 'target' || field === 'playbook' },
    );
  }

  return (
    <>
      <h1 className="sr-only">Recoveries</h1>
      <WaitingBlock />
      <section aria-labelledby="all">
        <div className="section-head">
          <h2 id="all">All recoveries</h2>
        </div>
        <StatusChips counts={counts} status={filter.status} onChange={(value) => setField('status', value)} />
        <FilterBar
          filter={filter}
          playbooks={[...new Set(list.items?.flatMap(({ playbook }) => playbook ?? []))]}
          focus={search.get('focus') === 'filter'}
          onChange={setField}
          onClear={() => setSearch(new URLSearchParams())}
        />
        {list.problem && <ProblemCard problem={list.problem} onRetry={list.reload} />}
        {list.loading && <Loading what="recoveries" />}
        {list.items?.length === 0 && <Empty filtered={filtered} />}
        {list.items && list.items.length > 0 && <RecoveryTable items={list.items} />}
        {list.more.problem && <ProblemCard problem={list.more.problem} />}
        {list.hasMore && (
          <p className="more">
            <button type="button" disabled={list.more.busy} onClick={() => void list.loadMore()}>
              {list.more.busy ? 'Loading…' : 'Load more'}
            </button>
          </p>
        )}
      </section>
    </>
  );
}
