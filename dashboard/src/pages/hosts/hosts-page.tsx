import { Fragment } from 'react';
import { useSearchParams } from 'wouter';
import { HOST_STANDINGS, standingsOf } from '../../../../src/domain/host.ts';
import type { Answer, Host } from '../../api/types.ts';
import { Badge } from '../../parts/badge.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { SelectField } from '../../parts/select-field.tsx';
import { Age } from '../../parts/time.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useOften } from '../../state/use-often.ts';
import { useResource } from '../../state/use-resource.ts';
import { HOST_LOOKS } from '../../words/statuses.ts';
import { HostDetail } from './host-detail.tsx';

type List = Answer<'listHosts'>;

const LOOK_MS = 5000;
const OPTIONS = { '': 'any', ...Object.fromEntries(HOST_STANDINGS.map((standing) => [standing, standing])) };

/** What the list says of a host: how it stands, and since when. */
export function HostRow({ host }: { host: Host }) {
  const { name, lastSeenAt } = host;
  const changedAt = host.failedOver?.at ?? host.drained?.at;
  return (
    <>
      {name}
      <span>
        {standingsOf(host).map((standing) => (
          <Fragment key={standing}>
            <Badge look={HOST_LOOKS[standing]} />{' '}
          </Fragment>
        ))}
        <span className="muted small">
          {changedAt !== undefined ? (
            <Age at={changedAt} />
          ) : lastSeenAt === null ? (
            'not seen lately'
          ) : (
            <>
              seen <Age at={lastSeenAt} /> ago
            </>
          )}
        </span>
      </span>
    </>
  );
}

/** The filter is in the address, so that a link shows the same hosts. */
export function HostsPage({ name }: { name: string | undefined }) {
  const [search, setSearch] = useSearchParams();
  const wanted = HOST_STANDINGS.find((standing) => standing === search.get('state'));
  const { data, problem, loading, reload } = useResource('hosts', (api, signal) =>
    api.get<List>('/api/v1/hosts', undefined, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  useOften(reload, LOOK_MS);
  const kept = wanted === undefined ? '' : `?state=${encodeURIComponent(wanted)}`;
  const rows = data?.items
    .filter((host) => wanted === undefined || standingsOf(host).includes(wanted))
    .map((host) => ({
      ...{ key: host.name, current: host.name === name, content: <HostRow host={host} /> },
      href: `/hosts/${encodeURIComponent(host.name)}${kept}`,
    }));
  const filter = (
    <div className="stack">
      <SelectField
        id="host-state"
        label="State"
        value={wanted ?? ''}
        options={OPTIONS}
        isFilter
        onChange={(state) => setSearch(state === '' ? {} : { state }, { replace: true })}
      />
      {rows?.length === 0 && <p className="muted">No host fits this filter.</p>}
    </div>
  );
  const none = (
    <p className="empty">
      No worker was ever here. Start one on a host: <code>rerail worker</code>
    </p>
  );
  return (
    <ListPage
      title="Hosts"
      note="Where workers run. A host that is drained begins nothing new; what runs there ends."
      what="hosts"
      {...{ problem, loading, reload, rows, filter }}
      {...(data?.items.length === 0 ? { empty: none } : {})}
    >
      {name === undefined ? (
        <p className="muted">Choose a host to see what it can do and whose checkpoints it has.</p>
      ) : (
        <HostDetail key={name} name={name} listed={data?.items.find((host) => host.name === name)} onChanged={reload} />
      )}
    </ListPage>
  );
}
