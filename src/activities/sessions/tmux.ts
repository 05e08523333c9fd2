import { RerailError } from '../../domain/errors.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { runProcess } from '../../process/run-process.ts';

/** A server that has not answered by then counts as frozen (requirement 6.1). */
export const ANSWER_MS = 2000;

/** Nothing that tmux prints for us is this large but scrollback, which is cut here and says so. */
const OUTPUT_BYTES = 8 * 1024 * 1024;

export interface TmuxAnswer {
  outcome: 'answered' | 'refused' | 'no-server' | 'no-answer';
  stdout: string;
  /** Why it was refused. */
  stderr: string;
  truncated: boolean;
}

export interface Tmux {
  readonly socket: string | undefined;
  /** Says how it went; throws only when tmux is not installed. */
  ask(args: readonly string[], timeoutMs?: number): Promise<TmuxAnswer>;
  /** What it printed. Throws `session-failed` when it was refused or not answered, `session-not-found` without a server. */
  run(args: readonly string[]): Promise<string>;
}

export interface TmuxPlace {
  socket?: string | undefined;
  /** Read when the server is started by us. */
  config?: string | undefined;
  signal?: AbortSignal | undefined;
}

const NO_SERVER =
  /no server running on|\((?:No such file or directory|Connection refused)\)|server exited|lost server|no current (?:session|target)|^no sessions/m;

/** tmux takes a word that ends with a semicolon for the end of a command. */
export const word = (arg: string): string => (arg.length > 1 && arg.endsWith(';') ? `${arg.slice(0, -1)}\\;` : arg);

/** The separator between two commands in one call. */
export const THEN = ';';

/**
 * Text for an option that tmux expands as a format: `#{...}` would be replaced and `#(...)` run. A run of # before a
 * bracket is left alone by tmux.
 */
export const literal = (text: string): string =>
  text.replace(/#+(\[)?/g, (run) => (run.endsWith('[') ? run : run + run));

const C_ESCAPES: Record<string, string> = {
  t: '\t',
  n: '\n',
  r: '\r',
  a: '\x07',
  b: '\b',
  v: '\v',
  f: '\f',
  s: ' ',
  0: '\0',
};

/** tmux shows and keeps names with control characters escaped; this is the name that it was given. */
export const unescapeName = (name: string): string =>
  name.replace(/\\(?:([0-3][0-7]{2})|(.))/g, (_all, octal: string | undefined, letter: string | undefined) =>
    octal === undefined ? (C_ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(parseInt(octal, 8)),
  );

/** Talks to one tmux server. Names never address anything: ids do. */
export function createTmux({ socket, config, signal }: TmuxPlace): Tmux {
  let prepared: Promise<{ file: string; env: Record<string, string> }> | undefined;
  const prepare = async () => {
    // A server that this starts hands its environment to every pane: no secret of the worker may be in it.
    const { env } = await commandEnvironment({ envAllow: ['TMUX_TMPDIR', 'SHELL', 'TERM'] });
    return { file: await findCommand('tmux', process.cwd(), env['PATH']), env };
  };
  const ask = async (args: readonly string[], timeoutMs = ANSWER_MS): Promise<TmuxAnswer> => {
    signal?.throwIfAborted();
    const { file, env } = await (prepared ??= prepare());
    const place = [...(socket === undefined ? [] : ['-S', socket]), ...(config === undefined ? [] : ['-f', config])];
    const result = await runProcess({
      // Without -u, separators and letters beyond ASCII become underscores where the locale is C.
      argv: [file, '-u', ...place, ...args.map((arg) => (arg === THEN ? arg : word(arg)))],
      env,
      cwd: '/',
      timeoutMs,
      killDelayMs: 200,
      // A client hands its pipes to the server, which keeps them while it is frozen.
      dropPipes: true,
      maxOutputBytes: OUTPUT_BYTES,
      ...(signal === undefined ? {} : { signal }),
    });
    const { stderr, truncated } = result;
    const stdout = result.stdout.toString('utf8');
    signal?.throwIfAborted();
    if (result.timedOut) return { outcome: 'no-answer', stdout, stderr, truncated };
    if (result.exitCode === 0) return { outcome: 'answered', stdout, stderr, truncated };
    return { outcome: NO_SERVER.test(stderr) ? 'no-server' : 'refused', stdout, stderr, truncated };
  };
  return {
    socket,
    ask,
    async run(args) {
      const { outcome, stdout, stderr } = await ask(args, 10_000);
      if (outcome === 'answered') return stdout;
      const command = args.find((arg) => !arg.startsWith('-')) ?? '';
      if (outcome === 'no-server')
        throw new RerailError('session-not-found', `No tmux server answers at ${socket ?? 'the default socket'}`, {
          remedy: 'Start a session there, or name the socket of the server that has it.',
          nonRetryable: true,
        });
      throw new RerailError(
        'session-failed',
        outcome === 'no-answer' ? `tmux ${command} was not answered in time` : `tmux ${command} was refused: ${stderr}`,
        { remedy: 'Look at the session with `rerail session check`.' },
      );
    },
  };
}
