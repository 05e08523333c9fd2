export type { Limits, Match, Mode, Objectives, Playbook } from './playbook.schema.ts';
import type { Match, Playbook } from './playbook.schema.ts';

/** In the order in which they are asked. */
export const PLAYBOOK_SOURCES = ['user', 'planner', 'builtin'] as const;
export type PlaybookSource = (typeof PLAYBOOK_SOURCES)[number];

/** A playbook as loaded: checked, its templates still unresolved in `document`. */
export interface LoadedPlaybook {
  name: string;
  source: PlaybookSource;
  file: string;
  match: Match[];
  description?: string;
  document: Playbook;
}
