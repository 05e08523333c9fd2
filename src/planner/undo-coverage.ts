import type { ActionSpec } from '../domain/action.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { builtInUndo } from './built-in-procedures.ts';

/**
 * What becomes of an action when a later one fails. `reversible`: it changes nothing, or it keeps what was there before.
 * `compensated`: something undoes it. `irreversible`: it stays.
 */
export const UNDO_MARKS = ['reversible', 'compensated', 'irreversible'] as const;
export type UndoMark = (typeof UNDO_MARKS)[number];

export interface MarkedAction {
  id: string;
  type: ActionSpec['type'];
  undo: UndoMark;
  /** Only what changes something counts. */
  changes: boolean;
  why: string;
}

export interface UndoCoverage {
  playbook: string;
  actions: MarkedAction[];
  /** Of the actions. */
  changing: number;
  undoable: number;
  /** Whole per cent of the changing ones; 100 where there is none. */
  percent: number;
}

type Mark = Omit<MarkedAction, 'id' | 'type'>;

/** By their names, activities and procedures that change nothing that could be undone. */
const LOOKS =
  /^(check|inspect|test|verify|diagnose|read|list|find|measure|profile|collect|validate|save|run-(gates?|tests|validator)|stress-test|process-?[sS]tatus|noop|await-?[hH]ost)([A-Z-]|$)/;

const nothing = (why: string): Mark => ({ undo: 'reversible', changes: false, why });

const NOTHING: Partial<Record<ActionSpec['type'], string>> = {
  retry: 'tries again what was to happen anyway',
  resume: 'goes on from a checkpoint with what was to happen anyway',
  skip: 'does nothing',
  wait: 'only waits',
  manual: 'is what a person does',
  escalate: 'only tells people',
  abort: 'ends the recovery, which undoes what was done',
};

function markRun({ run }: Extract<ActionSpec, { type: 'run' }>): Mark {
  const { procedure, activity, http } = run;
  const name = procedure ?? activity;
  if (procedure !== undefined && builtInUndo(procedure))
    return { undo: 'compensated', changes: true, why: `the built-in procedure ${procedure} has an undo` };
  if (name !== undefined && LOOKS.test(name)) return nothing('only looks, or adds a copy');
  if (name === undefined && (http?.method === 'GET' || http?.method === 'HEAD')) return nothing('only reads');
  const what =
    procedure === undefined ? (activity ?? (http ? 'an HTTP request' : 'a command')) : `procedure ${procedure}`;
  return { undo: 'irreversible', changes: true, why: `${what} has no compensate` };
}

function markOf(action: ActionSpec): Mark {
  const harmless = NOTHING[action.type];
  // What a person or a retry does can be given an undo as well.
  if (action.compensate !== undefined) return { undo: 'compensated', changes: true, why: 'it has a compensate' };
  if (harmless !== undefined) return nothing(harmless);
  if (action.type === 'rollback')
    return { undo: 'reversible', changes: true, why: 'it keeps a checkpoint of what it changes' };
  return action.type === 'run' ? markRun(action) : nothing('does nothing');
}

export const markUndo = (action: ActionSpec): MarkedAction => ({
  id: action.id,
  type: action.type,
  ...markOf(action),
});

const percentOf = (undoable: number, changing: number): number =>
  changing === 0 ? 100 : Math.floor((undoable / changing) * 100);

/** What it does stays when a later action fails. */
export const isIrreversible = (action: ActionSpec): boolean => markOf(action).undo === 'irreversible';

/** What of a playbook can be undone. */
export function undoCoverage({ name, document }: Pick<LoadedPlaybook, 'name' | 'document'>): UndoCoverage {
  const actions = document.spec.actions.map(markUndo);
  const changing = actions.filter(({ changes }) => changes).length;
  const undoable = actions.filter(({ changes, undo }) => changes && undo !== 'irreversible').length;
  return { playbook: name, actions, changing, undoable, percent: percentOf(undoable, changing) };
}

/** Of all together, each action counted alike. */
export function totalCoverage(coverages: readonly UndoCoverage[]): Omit<UndoCoverage, 'playbook' | 'actions'> {
  const changing = coverages.reduce((sum, one) => sum + one.changing, 0);
  const undoable = coverages.reduce((sum, one) => sum + one.undoable, 0);
  return { changing, undoable, percent: percentOf(undoable, changing) };
}
