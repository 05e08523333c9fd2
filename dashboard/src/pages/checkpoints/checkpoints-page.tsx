import { useState } from 'react';
import { useSearchParams } from 'wouter';
import type { Answer } from '../../api/types.ts';
import { ListPage } from '../../parts/list-page.tsx';
import { useLiveNews } from '../../state/live.tsx';
import { useResource } from '../../state/use-resource.ts';
import { SubjectCheckpoints } from './subject-checkpoints.tsx';

type Subjects = Answer<'listSubjects'>;

export function CheckpointsPage() {
  const [search] = useSearchParams();
  const subject = search.get('subject') ?? undefined;
  const [typed, setTyped] = useState('');
  const { data, problem, loading, reload } = useResource('subjects', (api, signal) =>
    api.get<Subjects>('/api/v1/subjects', undefined, signal),
  );
  useLiveNews(({ kind }) => kind === 'gap' && reload());
  const rows = data?.items
    .filter((item) => item.includes(typed.trim()))
    .map((item) => ({
      ...{ key: item, current: item === subject, content: item },
      href: `/checkpoints?subject=${encodeURIComponent(item)}`,
    }));
  const none = (
    <section className="empty">
      <h2>No checkpoint has been taken yet</h2>
      <pre>
        <code>rerail checkpoint create --subject service/api --root /srv/api</code>
      </pre>
    </section>
  );
  const filter = (
    <div>
      <label htmlFor="subjects">Subjects</label>
      <input
        id="subjects"
        type="search"
        data-filter=""
        placeholder="part of a name"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
  return (
    <ListPage
      title="Checkpoints"
      what="subjects"
      {...{ problem, loading, reload, rows, filter }}
      {...(data?.items.length === 0 ? { empty: none } : {})}
    >
      {subject === undefined ? (
        <p className="muted">Choose a subject to see its checkpoints.</p>
      ) : (
        <SubjectCheckpoints key={subject} subject={subject} />
      )}
    </ListPage>
  );
}
