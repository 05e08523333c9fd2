import { Component, lazy, Suspense, type ComponentType, type ReactNode } from 'react';
import { ProblemError, problemOf } from '../api/client.ts';
import { LONGEST_WAIT_MS, pause } from '../api/follow-events.ts';
import type { Problem } from '../api/types.ts';
import { ProblemCard } from './problem-card.tsx';

const RELOADED = 'rerail-reloaded-at';
const MISSING: Problem = {
  title: 'A part of this page did not load',
  status: 0,
  detail: 'the server answers, but does not have it',
  code: 'part-missing',
  remedy:
    'Load the page anew. If that does not help, the dashboard was built only in part: run `npm run setup`, or install the package again.',
};

/** A page that is reloaded for a part that never comes would go round for ever. */
function reloadOnce(): boolean {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < 60_000) return false;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
  return true;
}

async function serverAnswers(): Promise<boolean> {
  return fetch('/', { cache: 'no-store' }).then(
    (response) => response.ok,
    () => false,
  );
}

/**
 * A browser remembers that a module did not come, and a new build has other names; so once the server answers again, the
 * module is asked for once more, and then the page is loaded anew.
 */
async function loadPatiently<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    for (let wait = 250; !(await serverAnswers()); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) await pause(wait);
    return load().catch(() => {
      if (reloadOnce()) return new Promise<never>(() => {});
      throw new ProblemError(MISSING);
    });
  }
}

class PartBoundary extends Component<{ children: ReactNode }, { problem?: Problem }> {
  override state: { problem?: Problem } = {};
  static getDerivedStateFromError(error: unknown): { problem: Problem } {
    return { problem: problemOf(error) };
  }
  override render(): ReactNode {
    if (!this.state.problem) return this.props.children;
    return <ProblemCard problem={this.state.problem} onRetry={() => location.reload()} />;
  }
}

/** A component that is loaded when it is first shown, over outages of the server too; `meanwhile` stands in for it. */
export function lazyPart<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  meanwhile: ReactNode,
): ComponentType<Props> {
  const Part = lazy(() => loadPatiently(async () => ({ default: await load() })));
  return function LazyPart(props: Props) {
    return (
      <PartBoundary>
        <Suspense fallback={meanwhile}>
          <Part {...props} />
        </Suspense>
      </PartBoundary>
    );
  };
}
