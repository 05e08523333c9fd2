import { z } from 'zod';
import { ACTION_TYPES } from './action.ts';
import { DRILL_MARKS } from './drill-mark.ts';
import { PLAYBOOK_SOURCES } from './playbook.ts';

/** Whether a playbook has passed a drill since its last change. */
export const DrillMarkSchema = z.object({
  /** `changed`: it has passed one, and was another then. `unknown`: Temporal could not be asked. */
  state: z.enum(DRILL_MARKS),
  /** When the newest drill of those has passed; ISO 8601. */
  at: z.string().nullable(),
  workflowId: z.string().nullable(),
});

/** A playbook in a list. */
export const ListedPlaybookSchema = z.object({
  name: z.string(),
  source: z.enum(PLAYBOOK_SOURCES),
  /** The file that it is in, without its ending: how the built-in ones are grouped. */
  family: z.string(),
  matches: z.array(z.string()),
  mode: z.string(),
  confidence: z.union([z.number(), z.string()]),
  file: z.string(),
  description: z.string().optional(),
  /** SHA-256 of what it does. */
  digest: z.string(),
});

/** The same with what its drills say. */
export const DrilledPlaybookSchema = ListedPlaybookSchema.extend({ drill: DrillMarkSchema });

/** An action with what holds where the playbook says nothing. */
export const ResolvedActionSchema = z.object({
  order: z.number().int(),
  id: z.string(),
  type: z.enum(ACTION_TYPES),
  title: z.string(),
  what: z.string(),
  timeout: z.string(),
  required: z.boolean(),
  lastResort: z.boolean(),
  undo: z.boolean(),
});

export type DrillMark = z.infer<typeof DrillMarkSchema>;
export type DrilledPlaybook = z.infer<typeof DrilledPlaybookSchema>;
export type ListedPlaybook = z.infer<typeof ListedPlaybookSchema>;
export type ResolvedAction = z.infer<typeof ResolvedActionSchema>;
