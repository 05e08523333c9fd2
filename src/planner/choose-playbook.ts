import type { Classification, Failure } from '../domain/failure.ts';
import type { LoadedPlaybook, Match } from '../domain/playbook.ts';

export interface Choice {
  playbook: LoadedPlaybook;
  reason: string;
  alternatives: { playbook: string; reason: string }[];
}

function fits(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(value);
}

/** The first field that does not fit, or undefined when all do. */
function mismatch(match: Match, failure: Failure, found: Classification): string | undefined {
  if (match.failureType && match.failureType !== found.type) return `wants failure type ${match.failureType}`;
  if (match.category && match.category !== found.category) return `wants category ${match.category}`;
  if (match.severity && !match.severity.includes(found.severity))
    return `wants severity ${match.severity.join(' or ')}`;
  if (match.lane && match.lane !== failure.lane) return `wants lane ${match.lane}`;
  if (match.code && !fits(match.code, failure.code)) return `wants code ${match.code}`;
  if (match.component && match.component !== failure.component) return `wants component ${match.component}`;
  if (match.target && !fits(match.target, failure.target)) return `wants target ${match.target}`;
  const label = Object.entries(match.labels ?? {}).find(([key, value]) => failure.labels[key] !== value);
  return label ? `wants label ${label[0]}=${label[1]}` : undefined;
}

const describeMatch = (match: Match): string =>
  Object.entries(match)
    .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' and ');

/**
 * How narrow a built-in match is: component before type with lane, that before type, type before category. A category
 * that the reporter stated goes before a type that a rule only guessed.
 */
function narrowness(match: Match, failure: Failure): number {
  const stated = match.category && failure.category && !failure.type ? 8 : 0;
  return stated + (match.component ? 4 : 0) + (match.failureType ? 2 : 0) + (match.lane ? 1 : 0);
}

/**
 * Users' playbooks in their order, then the built-in ones, narrowest first. Playbooks that asked for this failure's
 * type or category and were passed over are named with the reason.
 */
export function choosePlaybook(
  failure: Failure,
  found: Classification,
  playbooks: readonly LoadedPlaybook[],
): Choice | undefined {
  const candidates = playbooks.flatMap((playbook, order) =>
    playbook.match.map((match) => ({ playbook, match, order, wrong: mismatch(match, failure, found) })),
  );
  const fitting = candidates
    .filter((candidate) => candidate.wrong === undefined)
    .sort((a, b) => {
      if (a.playbook.source !== b.playbook.source) return a.playbook.source === 'user' ? -1 : 1;
      return (
        (a.playbook.source === 'builtin' ? narrowness(b.match, failure) - narrowness(a.match, failure) : 0) ||
        a.order - b.order
      );
    });
  const best = fitting[0];
  if (!best) return undefined;
  const related = candidates.filter(
    ({ playbook, match, wrong }) =>
      playbook !== best.playbook &&
      (wrong === undefined || match.failureType === found.type || playbook.source === 'user'),
  );
  // Of a playbook's matches the one that fits is named: the last one stays in the map below.
  const fittingLast = related.toSorted((a, b) => Number(a.wrong === undefined) - Number(b.wrong === undefined));
  const alternatives = fittingLast.map(({ playbook, wrong }) => ({
    playbook: playbook.name,
    reason:
      wrong ??
      `fits as well; ${best.playbook.name} ${playbook.source === best.playbook.source ? 'is narrower or earlier' : 'is the user’s own'}`,
  }));
  return {
    playbook: best.playbook,
    reason: `playbook ${best.playbook.name} (${best.playbook.source}) matches ${describeMatch(best.match)}`,
    alternatives: [...new Map(alternatives.map((item) => [item.playbook, item])).values()],
  };
}
