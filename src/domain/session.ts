import type { ActionRecord } from './recovery.ts';

export type {
  PaneState,
  SessionAgent,
  SessionDump,
  SessionReading,
  SessionSpec,
  SessionSpecInput,
  SessionState,
  TerminalSession,
  WindowState,
} from './session.schema.ts';

/** Worst first; the failure types of the same names are what is reported. */
export const SESSION_HEALTH = ['crashed', 'frozen', 'corrupted', 'disconnected', 'healthy'] as const;
export type SessionHealth = (typeof SESSION_HEALTH)[number];

/** `rename`: the restored one gets a free name; `replace`: the present one is removed when the restored one is whole. */
export const OVERWRITE_RULES = ['never', 'rename', 'replace'] as const;
export type OverwriteRule = (typeof OVERWRITE_RULES)[number];

/** What was done to a session from its checkpoint. */
export type SessionOutcome = 'nothing to do' | 'recreated' | 'repaired';

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The moment that a session went back to; undefined where nothing of one was brought back from a checkpoint. */
export function sessionRestoredTo(actions: readonly Pick<ActionRecord, 'status' | 'output'>[]): string | undefined {
  const brought: readonly unknown[] = ['recreated', 'repaired'] satisfies SessionOutcome[];
  for (const { status, output } of actions) {
    const change = isRecord(output) ? output['output'] : undefined;
    if (status !== 'succeeded' || !isRecord(change) || !brought.includes(change['outcome'])) continue;
    if (typeof change['checkpointAt'] === 'string') return change['checkpointAt'];
  }
  return undefined;
}
