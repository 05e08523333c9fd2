import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Problem } from '../api/types.ts';
import { Loading, ProblemCard } from './problem-card.tsx';

export interface Row {
  key: string;
  href: string;
  current: boolean;
  content: ReactNode;
}

interface ListPageProps {
  title: string;
  note?: string;
  /** What the list is of, while it is loading. */
  what: string;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
  /** Undefined until the first answer. */
  rows: Row[] | undefined;
  /** Instead of a list without rows. */
  empty?: ReactNode;
  /** Over the list. */
  filter?: ReactNode;
  ordered?: boolean;
  /** Beside the list. */
  children: ReactNode;
}

/** A list on the left and what was chosen from it on the right. */
export function ListPage(props: ListPageProps) {
  const { title, note, what, problem, loading, reload, rows, empty, filter, ordered, children } = props;
  const List = ordered ? 'ol' : 'ul';
  const list = (
    <List className="side-list">
      {rows?.map(({ key, href, current, content }) => (
        <li key={key}>
          <Link href={href} aria-current={current ? 'page' : undefined}>
            {content}
          </Link>
        </li>
      ))}
    </List>
  );
  return (
    <>
      {note === undefined ? (
        <h1>{title}</h1>
      ) : (
        <div className="page-head">
          <h1>{title}</h1>
          <p className="muted">{note}</p>
        </div>
      )}
      {problem && <ProblemCard problem={problem} onRetry={reload} />}
      {loading && <Loading what={what} />}
      {rows?.length === 0 && empty}
      {rows && (rows.length > 0 || empty === undefined) && (
        <div className="split">
          {filter === undefined ? (
            list
          ) : (
            <div className="stack">
              {filter}
              {list}
            </div>
          )}
          {children}
        </div>
      )}
    </>
  );
}
