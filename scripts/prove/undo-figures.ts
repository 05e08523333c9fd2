import { loadPlaybooks } from '../../src/config/load-playbooks.ts';
import { totalCoverage, undoCoverage } from '../../src/planner/undo-coverage.ts';
import { drilled } from './drill-figures.ts';
import type { Reading } from './figures.ts';

const coverages = (await loadPlaybooks()).map(undoCoverage);

/** Playbook and action, of each that can be undone: named as `playbook action`. */
const undoable = coverages.flatMap(({ playbook, actions }) =>
  actions.filter(({ changes, undo }) => changes && undo !== 'irreversible').map(({ id }) => `${playbook} ${id}`),
);

/** Which actions a drill has seen done, undone, and nothing of them left. Nothing where no drill looks. */
export function undoDrilled(output: unknown): Reading | undefined {
  const looked = drilled(output).filter(({ verdict, undone }) => verdict === 'passed' && undone);
  if (looked.length === 0) return undefined;
  const seen = new Set(
    looked.flatMap(({ recovery, undone }) => undone?.actions?.map((id) => `${recovery?.playbook ?? ''} ${id}`) ?? []),
  );
  const missing = undoable.filter((one) => !seen.has(one));
  const figure = [`${undoable.length - missing.length} of ${undoable.length}`, ...missing.map((one) => `not ${one}`)];
  return { figure: figure.join('; '), n: looked.length, holds: missing.length === 0 };
}

/** A figure that has no bar: what changes something and stays is a matter of what it is. */
export function undoPossible(output: unknown): Reading | undefined {
  if (drilled(output).length === 0) return undefined;
  const { changing, undoable: can, percent } = totalCoverage(coverages);
  return { figure: `${percent} %, ${can} of ${changing}`, n: changing };
}
