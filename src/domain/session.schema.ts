import { z } from 'zod';
import { TargetSchema } from './names.schema.ts';
import { ArgvSchema } from './operation.schema.ts';
import { OVERWRITE_RULES, SESSION_HEALTH } from './session.ts';

const absolute = z.string().startsWith('/', 'must be an absolute path').max(4096);
const text = z.string().refine((value) => !value.includes('\0'), 'must not contain NUL');

/** An agent that works in a session: what belongs to it beside the terminal. */
export const SessionAgentSchema = z.strictObject({
  /** Its working tree, in the same checkpoint as the session. */
  workspace: absolute,
  /** Files that it continues from; those inside the workspace are part of the tree already. */
  transcript: z.array(absolute).max(100).default([]),
});

/** A session of tmux and what may be done about it (requirement 6.1). */
export const SessionSpecSchema = z.strictObject({
  name: text.min(1).max(200),
  /** The server's socket; default: that of the worker's user. */
  socket: absolute.optional(),
  /** The configuration that a server is started with; default: tmux's own places. */
  config: absolute.optional(),
  /** Whose checkpoints are compared with and restored; default: `session/<name>`. */
  subject: TargetSchema.optional(),
  /** Commands that a restored pane may run. Others are typed and wait for a person. `*` as last word: any further words. */
  run: z.array(ArgvSchema).max(100).default([]),
  /** A session of that name is there already and is not the one that failed. */
  overwrite: z.enum(OVERWRITE_RULES).default('never'),
  /** A server that does not even wake up is killed, with all of its sessions. */
  killServer: z.boolean().default(false),
  /** Somebody has to be attached; what attaches where nobody is. */
  client: z.strictObject({ argv: ArgvSchema.optional() }).optional(),
  agent: SessionAgentSchema.optional(),
});

export const ScrollbackSchema = z.object({
  lines: z.number().int(),
  bytes: z.number().int(),
  /** Older lines were dropped by tmux's history-limit, or the pane had more than is kept. */
  cut: z.boolean(),
});

export const PaneStateSchema = z.object({
  /** `%3`: unique while the server lives. */
  id: z.string(),
  index: z.number().int(),
  active: z.boolean(),
  pid: z.number().int(),
  tty: z.string(),
  cwd: z.string(),
  title: z.string(),
  command: z.string(),
  /** Of the foreground process, whole; secrets masked. */
  argv: z.array(z.string()),
  /** `shell`: a prompt; `in-shell`: a command under a shell; `direct`: a command that is the pane. */
  runs: z.enum(['shell', 'in-shell', 'direct']),
  startCommand: z.string(),
  dead: z.boolean(),
  deadStatus: z.number().int().nullable(),
  cursor: z.object({ x: z.number().int(), y: z.number().int() }),
  alternateScreen: z.boolean(),
  historySize: z.number().int(),
  historyLimit: z.number().int(),
  scrollback: ScrollbackSchema.nullable(),
});

export const WindowStateSchema = z.object({
  id: z.string(),
  index: z.number().int(),
  name: z.string(),
  active: z.boolean(),
  /** `select-layout` takes it. */
  layout: z.string(),
  flags: z.string(),
  zoomed: z.boolean(),
  automaticRename: z.boolean(),
  width: z.number().int(),
  height: z.number().int(),
  panes: z.array(PaneStateSchema).min(1),
});

export const TerminalSessionSchema = z.object({
  id: z.string(),
  name: z.string(),
  group: z.string(),
  attached: z.number().int(),
  windows: z.array(WindowStateSchema).min(1),
});

/** What a checkpoint holds of a tmux server; scrollback and transcripts are in its dump. */
export const SessionStateSchema = z.object({
  schemaVersion: z.literal(1),
  tool: z.literal('tmux'),
  version: z.string(),
  socket: z.string().nullable(),
  server: z.object({ pid: z.number().int(), startTime: z.string() }).nullable(),
  options: z
    .object({
      baseIndex: z.number().int(),
      paneBaseIndex: z.number().int(),
      defaultSize: z.string(),
      defaultShell: z.string(),
      historyLimit: z.number().int(),
    })
    .nullable(),
  /** Names; every value is masked. */
  environment: z.record(z.string(), z.string()),
  sessions: z.array(TerminalSessionSchema),
  /** Asked for and not there; only in a backup. */
  missing: z.array(z.string()),
  transcripts: z.array(z.object({ path: z.string(), sha256: z.string(), size: z.number().int() })),
});

/** The dump beside the state. */
export const SessionDumpSchema = z.object({
  scrollback: z.record(z.string(), z.string()),
  transcripts: z.array(z.object({ path: z.string(), mode: z.number().int(), base64: z.string() })),
});

export const SessionReadingSchema = z.object({
  health: z.enum(SESSION_HEALTH),
  /** One line for people. */
  observed: z.string(),
  /** Each thing that is wrong. */
  problems: z.array(z.string()),
  /** What it was compared with. */
  checkpointId: z.string().nullable(),
});

export type SessionSpec = z.infer<typeof SessionSpecSchema>;
export type SessionSpecInput = z.input<typeof SessionSpecSchema>;
export type SessionAgent = z.infer<typeof SessionAgentSchema>;
export type PaneState = z.infer<typeof PaneStateSchema>;
export type WindowState = z.infer<typeof WindowStateSchema>;
export type TerminalSession = z.infer<typeof TerminalSessionSchema>;
export type SessionState = z.infer<typeof SessionStateSchema>;
export type SessionDump = z.infer<typeof SessionDumpSchema>;
export type SessionReading = z.infer<typeof SessionReadingSchema>;
