export type { Limits, Match, Mode, Objectives, Playbook } from './playbook.schema.ts';
import type { Match, Playbook } from './playbook.schema.ts';

/** A playbook as loaded: checked, its templates still unresolved in `document`. */
export interface LoadedPlaybook {
  name: string;
  source: 'user' | 'builtin';
  file: string;
  match: Match[];
  description?: string;
  document: Playbook;
}
