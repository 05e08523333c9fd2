import type { ListedRecovery } from '../../api/types.ts';
import { RECOVERY_LOOKS } from '../../words/statuses.ts';

/** What the address says about the list. */
export interface RecoveryFilter {
  status?: string | undefined;
  target?: string | undefined;
  playbook?: string | undefined;
  severity?: string | undefined;
  open?: string | undefined;
}

const FIELDS = ['status', 'target', 'playbook', 'severity', 'open'] as const;
export type FilterField = (typeof FIELDS)[number];

export function readFilter(search: URLSearchParams): RecoveryFilter {
  return Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = search.get(field);
      return value === null || value === '' ? [] : [[field, value]];
    }),
  );
}

/** The closed list of statuses that the API filters by: all but `killed`, which is no status of ours. */
export const FILTER_STATUSES = Object.keys(RECOVERY_LOOKS).filter((status) => status !== 'killed');

/** Whether news about this one belong into the list that the API would answer with. */
export function matchesFilter(item: ListedRecovery, filter: RecoveryFilter): boolean {
  const { status, target, playbook, severity, open } = filter;
  return (
    (status === undefined || status.split(',').includes(item.status)) &&
    (target === undefined || item.target === target) &&
    (playbook === undefined || item.playbook === playbook) &&
    (severity === undefined || item.severity === severity) &&
    (open === undefined || String(item.closedAt === null) === open)
  );
}

const keyOf = ({ workflowId, runId }: ListedRecovery): string => `${workflowId} ${runId}`;

/** Newest first; those of the same moment in an order that stays. */
export const byStart = (a: ListedRecovery, b: ListedRecovery): number =>
  b.startedAt.localeCompare(a.startedAt) || keyOf(a).localeCompare(keyOf(b));

/** News into a list: known ones are replaced where they are, new ones come by their start, newest first. */
export function mergeRecoveries(
  items: readonly ListedRecovery[],
  news: readonly ListedRecovery[],
  belongs: (item: ListedRecovery) => boolean,
): ListedRecovery[] {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  for (const item of news) {
    if (belongs(item)) known.set(keyOf(item), item);
    else known.delete(keyOf(item));
  }
  return [...known.values()].sort(byStart);
}
