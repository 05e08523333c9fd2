import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { parseAllDocuments, stringify } from 'yaml';
import { inRoot } from './paths.mjs';

interface Action {
  id: string;
  type: string;
  [field: string]: unknown;
}

export interface PlaybookDocument {
  metadata: { name: string };
  spec: { actions: Action[]; verify?: object; [field: string]: unknown };
}

const NOTHING = ['true'];
/** What cannot be done without doing it: these only say something, or call a person. */
const SAYINGS = ['escalate', 'abort', 'skip'];

const endsWithCall = (actions: readonly Action[]): boolean => actions.some(({ type }) => type === 'escalate');
/** Every mutant comes to an end: what nothing is planned for would wait for a person until the drill's deadline. */
const withCall = (actions: Action[]): Action[] =>
  endsWithCall(actions) ? actions : [...actions, { id: 'call-a-person', type: 'escalate', to: ['oncall'] }];

/** The same action in name and place, which succeeds and does nothing. */
function lie(action: Action): Action {
  if (SAYINGS.includes(action.type)) return action;
  const { id, type, optional, lastResort } = action;
  const kept = {
    id,
    ...(optional === undefined ? {} : { optional }),
    ...(lastResort === undefined ? {} : { lastResort }),
  };
  // Only a retry or a resume resolves a failure that has an operation; a resume has no operation of its own.
  return type === 'retry' || type === 'resume'
    ? { ...kept, type: 'retry', operation: { kind: 'command', argv: NOTHING } }
    : { ...kept, type: 'run', run: { command: NOTHING } };
}

/** Is done as it should be, and stays: its undo, also one that its component brings, says that it was undone. */
const keep = (action: Action): Action =>
  action['compensate'] !== undefined || (action['run'] as { procedure?: string } | undefined)?.procedure !== undefined
    ? { ...action, compensate: { command: NOTHING } }
    : action;

export const BREAKS = ['none', 'drop', 'drop-one', 'lie', 'blind', 'keep'] as const;
export type Break = (typeof BREAKS)[number];

/** Which action is dropped of which playbook: for `drop-one`. */
export type Dropped = ReadonlyMap<string, string>;

/** The playbook, broken in this way. */
export function breakPlaybook(document: PlaybookDocument, how: Break, dropped: Dropped = new Map()): PlaybookDocument {
  const { metadata, spec } = document;
  const made = (actions: Action[], more: object = {}): PlaybookDocument => ({
    ...document,
    // What another playbook mends instead says nothing of this one.
    spec: { ...spec, actions: withCall(actions), failover: 'off', ...more },
  });
  switch (how) {
    case 'none':
      return made(spec.actions);
    case 'drop':
      return made(spec.actions.filter(({ type }) => type === 'escalate'));
    case 'drop-one':
      return made(spec.actions.filter(({ id }) => id !== dropped.get(metadata.name)));
    case 'lie':
      return made(spec.actions.map(lie));
    case 'blind':
      return made(spec.actions.map(lie), { verify: { within: '0s', holdFor: '0s' } });
    case 'keep':
      return made(spec.actions.map(keep));
  }
}

/** All built-in playbooks, broken, as files of this folder. */
export async function writeBroken(folder: string, how: Break, dropped?: Dropped): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of await glob('*.yaml', { cwd: inRoot('playbooks'), absolute: true })) {
    const documents = parseAllDocuments(await readFile(file, 'utf8'))
      .map((one) => one.toJS() as PlaybookDocument | null)
      .filter((document) => document !== null)
      .map((document) => stringify(breakPlaybook(document, how, dropped)));
    await writeFile(path.join(folder, path.basename(file)), documents.join('---\n'));
  }
}
