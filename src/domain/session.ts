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
