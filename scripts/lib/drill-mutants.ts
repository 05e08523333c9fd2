import type { DrillReport } from '../../src/domain/drill.ts';
import type { Break } from './broken-playbooks.ts';

/** Of a drill's report, what is looked at. */
export type Ended = Pick<DrillReport, 'name' | 'verdict' | 'problems'> & {
  recovery?: { playbook?: string | undefined; compensations?: number } | undefined;
};

export type Outcome = 'passed' | 'caught' | 'survived' | 'undecided';

/** What a drill has said of a playbook that is broken in this way; `none` is not broken and has to pass. */
export function outcomeOf(how: Break, ended: Ended | undefined): Outcome {
  // One that was aborted or could not do its part has not seen that anything is wrong.
  if (!ended || ended.verdict === 'aborted' || ended.verdict === 'invalid') return 'undecided';
  if (how === 'none') return ended.verdict === 'passed' ? 'passed' : 'undecided';
  return ended.verdict === 'passed' ? 'survived' : 'caught';
}

export const isRight = (outcome: Outcome): boolean => outcome === 'passed' || outcome === 'caught';

/** Whether there is anything to say of a drill under this break: only what is undone in it can be kept. */
export const concerns = (how: Break, control: Ended | undefined): boolean =>
  how !== 'keep' || (control?.recovery?.compensations ?? 0) > 0;

interface Mutant {
  drill: string;
  playbook: string;
  action: string;
}

/** One for each action that a drill names, of the playbook that its control run has used. */
export function mutantsOf(
  drills: readonly { name: string; actions: readonly string[] }[],
  controls: readonly Ended[],
): Mutant[] {
  return drills.flatMap(({ name, actions }) => {
    const playbook = controls.find((ended) => ended.name === name)?.recovery?.playbook;
    return playbook === undefined ? [] : actions.map((action) => ({ drill: name, playbook, action }));
  });
}

export interface Round {
  /** The action that each playbook is without. */
  dropped: Map<string, string>;
  drills: string[];
}

/** As few rounds as will do: in each a playbook is without one action. */
export function planRounds(mutants: readonly Mutant[]): Round[] {
  const rounds: Round[] = [];
  for (const { drill, playbook, action } of mutants) {
    const fits = ({ dropped }: Round): boolean => (dropped.get(playbook) ?? action) === action;
    let round = rounds.find(fits);
    if (!round) rounds.push((round = { dropped: new Map(), drills: [] }));
    round.dropped.set(playbook, action);
    round.drills.push(drill);
  }
  return rounds;
}
