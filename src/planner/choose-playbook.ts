import type { Classification, Failure } from '../domain/failure.ts';
import type { LoadedComponent } from '../domain/component.ts';
import type { LoadedPlaybook, Match } from '../domain/playbook.ts';
import { fitsWildcard } from '../domain/wildcard.ts';
import { LAYER_WORDS, LAYERS, layerOf, type Layer } from './playbook-layers.ts';

export interface Choice {
  playbook: LoadedPlaybook;
  reason: string;
  alternatives: { playbook: string; reason: string }[];
}

/** The component that failed; its own target fits a match as well as that of the failure. */
export type FailedComponent = Pick<LoadedComponent, 'name'> & { spec: Pick<LoadedComponent['spec'], 'target'> };

/** One match of one playbook, and the first field that keeps it from fitting. */
interface Candidate {
  playbook: LoadedPlaybook;
  match: Match;
  layer: Layer;
  order: number;
  wrong: string | undefined;
}

/** The first field that does not fit, or undefined when all do. */
function mismatch(
  match: Match,
  failure: Failure,
  found: Classification,
  component?: FailedComponent,
): string | undefined {
  if (match.failureType && match.failureType !== found.type) return `wants failure type ${match.failureType}`;
  if (match.category && match.category !== found.category) return `wants category ${match.category}`;
  if (match.severity && !match.severity.includes(found.severity))
    return `wants severity ${match.severity.join(' or ')}`;
  if (match.lane && match.lane !== failure.lane) return `wants lane ${match.lane}`;
  if (match.code && !fitsWildcard(match.code, failure.code)) return `wants code ${match.code}`;
  const name = component?.name ?? failure.component;
  if (match.component && !fitsWildcard(match.component, name))
    return match.component === '*' ? 'wants a failing component' : `wants component ${match.component}`;
  const { target } = match;
  if (target && ![failure.target, component?.spec.target].some((own) => fitsWildcard(target, own)))
    return `wants target ${target}`;
  if (match.stated && !failure.type) return 'wants a type that the reporter stated';
  const label = Object.entries(match.labels ?? {}).find(([key, value]) => failure.labels[key] !== value);
  return label ? `wants label ${label[0]}=${label[1]}` : undefined;
}

const describeMatch = (match: Match): string =>
  Object.entries(match)
    .map(([key, value]) =>
      key === 'stated' ? 'stated' : `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(' and ');

/**
 * A category outranks the type: CRITICAL and SECURITY always, unless they only follow from the type that the reporter
 * stated; any other where the reporter stated it and a rule only guessed the type.
 */
function categoryDecides(failure: Failure, found: Classification): boolean {
  const grave = found.category === 'CRITICAL' || found.category === 'SECURITY';
  return (grave || failure.category !== undefined) && !(failure.type && !(grave && failure.category));
}

function rank({ layer, match }: Candidate, decides: boolean): number {
  const first = decides && match.category ? LAYERS.length : 0;
  // A code names one situation, which is narrower than a lane; a component of one kind of target than any component.
  const narrow =
    (match.code ? 0.3 : 0) +
    (match.component && match.target ? 0.05 : 0) +
    (match.lane ? 0.1 : 0) +
    (match.component && match.component !== '*' ? 0.2 : 0);
  return LAYERS.indexOf(layer) - first - narrow;
}

function candidatesOf(
  failure: Failure,
  found: Classification,
  playbooks: readonly LoadedPlaybook[],
  component?: FailedComponent,
): Candidate[] {
  return playbooks.flatMap((playbook, order) =>
    playbook.match.map((match) => ({
      playbook,
      match,
      layer: layerOf(playbook, match),
      order,
      wrong: mismatch(match, failure, found, component),
    })),
  );
}

/** Why another playbook that fits as well comes first. */
function whyEarlier(best: Candidate, other: Candidate): string {
  if (best.layer === other.layer) return 'is narrower or earlier';
  if (best.layer === 'category')
    return `is for the category, which decides here before the one ${LAYER_WORDS[other.layer]}`;
  if (best.layer === 'user') return 'is the user’s own';
  return best.layer === 'type' ? 'is narrower or earlier' : `is ${LAYER_WORDS[best.layer]}`;
}

const verdict = (best: Candidate, other: Candidate): string =>
  other.wrong ?? `fits as well; ${best.playbook.name} ${whyEarlier(best, other)}`;

/** One line for each playbook: of its matches the one that fits is named, else the last one. */
function onePerPlaybook(candidates: readonly Candidate[]): Candidate[] {
  const fittingLast = candidates.toSorted((a, b) => Number(a.wrong === undefined) - Number(b.wrong === undefined));
  return [...new Map(fittingLast.map((candidate) => [candidate.playbook.name, candidate])).values()];
}

function bestOf(candidates: readonly Candidate[], failure: Failure, found: Classification): Candidate | undefined {
  const decides = categoryDecides(failure, found);
  const isUsers = ({ layer }: Candidate): boolean => layer === 'user' || layer === 'planner';
  return candidates
    .filter(({ wrong }) => wrong === undefined)
    .sort(
      (a, b) =>
        (isUsers(a) || isUsers(b)
          ? LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer)
          : rank(a, decides) - rank(b, decides)) || a.order - b.order,
    )[0];
}

/**
 * Users' playbooks in their order, then what a custom planner made, then the built-in ones: service, component, type and
 * lane, category. Playbooks that asked for this failure's type or category and were passed over are named with the reason.
 */
export function choosePlaybook(
  failure: Failure,
  found: Classification,
  playbooks: readonly LoadedPlaybook[],
  component?: FailedComponent,
): Choice | undefined {
  const candidates = candidatesOf(failure, found, playbooks, component);
  const best = bestOf(candidates, failure, found);
  if (!best) return undefined;
  const related = candidates.filter(
    ({ playbook, match, wrong }) =>
      playbook !== best.playbook &&
      (wrong === undefined || match.failureType === found.type || playbook.source === 'user'),
  );
  return {
    playbook: best.playbook,
    reason: `playbook ${best.playbook.name} (${best.playbook.source}) matches ${describeMatch(best.match)}`,
    alternatives: onePerPlaybook(related).map((candidate) => ({
      playbook: candidate.playbook.name,
      reason: verdict(best, candidate),
    })),
  };
}

/** What became of every playbook, in the order in which they are asked. */
export interface Considered {
  playbook: string;
  layer: Layer;
  chosen: boolean;
  reason: string;
}

/** The whole choice: which playbook was taken and what was wrong with every other one. */
export function explainChoice(
  failure: Failure,
  found: Classification,
  playbooks: readonly LoadedPlaybook[],
  component?: FailedComponent,
): Considered[] {
  const candidates = candidatesOf(failure, found, playbooks, component);
  const best = bestOf(candidates, failure, found);
  return onePerPlaybook(candidates)
    .sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || a.order - b.order)
    .map((candidate) => {
      const chosen = candidate.playbook === best?.playbook;
      const reason = chosen ? `matches ${describeMatch(best.match)}` : best && verdict(best, candidate);
      return {
        playbook: candidate.playbook.name,
        layer: candidate.layer,
        chosen,
        reason: reason ?? candidate.wrong ?? '',
      };
    });
}
