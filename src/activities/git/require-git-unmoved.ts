import type { GitState } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';

const name = (state: Pick<GitState, 'head' | 'branch'> | null): string =>
  state === null
    ? 'no repository'
    : `${state.branch ?? 'a detached head'} at ${state.head?.slice(0, 12) ?? 'no commit'}`;

/** Restoring files below a repository that has moved on, or is in the middle of something, would mix two states. */
export function requireGitUnmoved(root: string, captured: GitState | null, present: GitState | null): void {
  if (present !== null && present.inProgress.length > 0) {
    throw new RerailError(
      'git-in-progress',
      `${root} is in the middle of a git operation (${present.inProgress.join(', ')})`,
      {
        remedy: 'Finish or abort it, then restore again, or use --force.',
        nonRetryable: true,
      },
    );
  }
  if (captured === null || (captured.head === present?.head && captured.branch === present.branch)) return;
  throw new RerailError('git-head-moved', `${root} was captured on ${name(captured)} and is now on ${name(present)}`, {
    remedy: 'Use --git to take the repository back as well, or --force to restore the files alone.',
    details: { captured: captured.head, present: present?.head ?? null },
    nonRetryable: true,
  });
}
