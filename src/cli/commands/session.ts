import path from 'node:path';
import { Option, type Command } from 'commander';
import { exportTmuxp } from '../../activities/sessions/export-tmuxp.ts';
import { listSessionState } from '../../activities/sessions/list-session-state.ts';
import { createTmux } from '../../activities/sessions/tmux.ts';
import { RerailError } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { OVERWRITE_RULES, type OverwriteRule, type SessionState, type TerminalSession } from '../../domain/session.ts';
import { createRedactor } from '../../telemetry/redact.ts';
import { openContext, withClient } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderSession, renderSessions } from '../output/render-session.ts';
import { confirm } from '../prompt.ts';
import { requireAccepting } from '../require-accepting.ts';
import { findSpec, sessionsHere, type PlaceOptions } from './session-place.ts';

type Listed = Pick<SessionState, 'sessions'>;

/** What the terminal server at a socket has; undefined where none runs. */
export const listAt = (socket: string | undefined, names?: readonly string[]): Promise<Listed | undefined> =>
  listSessionState(createTmux({ socket: socket && path.resolve(socket) }), names, createRedactor());

async function list({ socket }: PlaceOptions, command: Command): Promise<void> {
  const { output } = await openContext(command);
  const sessions = (await listAt(socket))?.sessions ?? [];
  output.list(sessions, () => renderSessions(output.paint, sessions));
}

async function findSession(name: string, options: PlaceOptions, command: Command): Promise<TerminalSession> {
  const spec = await findSpec(await openContext(command), name, options);
  const [session] = (await listAt(spec.socket, [spec.name]))?.sessions ?? [];
  if (session) return session;
  throw new RerailError('session-not-found', `There is no session ${JSON.stringify(spec.name)}`, {
    remedy: 'List what is there with `rerail session list`, and name the socket of its server with --socket.',
    nonRetryable: true,
  });
}

async function show(name: string, options: PlaceOptions, command: Command): Promise<void> {
  const { output } = await openContext(command);
  const session = await findSession(name, options, command);
  output.value(session, () => renderSession(output.paint, session));
}

async function check(name: string, options: PlaceOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const reading = await sessionsHere(context).checkSession({ session: await findSpec(context, name, options) });
  const against =
    reading.checkpointId === null ? 'compared with no checkpoint' : `compared with ${reading.checkpointId}`;
  context.output.value(reading, () => `${reading.health}: ${reading.problems.join('; ')} (${against})`);
  if (reading.health !== 'healthy') process.exitCode = EXIT.invalid;
}

async function capture(
  name: string,
  options: PlaceOptions & { name?: string; dryRun?: boolean },
  command: Command,
): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const spec = await findSpec(context, name, options);
  if (options.dryRun) {
    const session = await findSession(name, options, command);
    return output.value({ dryRun: true, session }, () => `would be captured:\n${renderSession(output.paint, session)}`);
  }
  await withClient(context, async ({ checkpoints, hosts }) => {
    await hosts.requireAccepting(context.settings.host);
    const ledger = {
      list: () => Promise.resolve([]),
      add: (record: Parameters<typeof checkpoints.add>[0]) => checkpoints.add(record),
    };
    const record = await sessionsHere(context, ledger).captureSession({
      session: spec,
      id: newId('cp'),
      name: options.name ?? `session ${spec.name}`.slice(0, 200),
      type: 'manual',
    });
    output.value(record, () => `${output.paint.bold(record.info.id)} of ${record.info.subject} has ${spec.name}`);
  });
}

interface RestoreFlags extends PlaceOptions {
  overwrite?: OverwriteRule;
  repair?: boolean;
  dryRun?: boolean;
  yes?: boolean;
}

async function restore(name: string, id: string | undefined, options: RestoreFlags, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const { overwrite } = options;
  const spec = await findSpec(context, name, options, overwrite ? { overwrite } : {});
  const sessions = sessionsHere(context);
  const input = { session: spec, ...(id === undefined ? {} : { checkpointId: id }) };
  const reading = await sessions.checkSession(input);
  if (options.dryRun) return output.value({ dryRun: true, ...reading }, () => `it is ${reading.observed}`);
  await requireAccepting(context);
  await confirm(output, {
    yes: options.yes,
    what: `${spec.name} (${reading.observed}) would be ${options.repair ? 'repaired' : 'made again'}`,
  });
  const done = await (options.repair ? sessions.repairSession(input) : sessions.recreateSession(input));
  output.value(done, () =>
    [
      `${done.outcome}: ${done.session}, from ${done.checkpointId}`,
      ...done.changes,
      ...done.notes,
      `undo: ${done.undo}`,
    ].join('\n  '),
  );
}

async function exportSession(name: string, options: PlaceOptions, command: Command): Promise<void> {
  const { output } = await openContext(command);
  const session = await findSession(name, options, command);
  const tmuxp = exportTmuxp(session);
  output.info('Scrollback is not part of a tmuxp file; `rerail session capture` keeps it.');
  output.value({ format: 'tmuxp', text: tmuxp }, () => tmuxp.trimEnd());
}

const placed = (command: Command): Command =>
  command
    .option('--socket <path>', 'of the tmux server; default: that of the component, else of your user')
    .option('--subject <kind/name>', 'whose checkpoints; default: session/<name>');

export function addSessionCommands(program: Command): void {
  const session = program.command('session').description('Look at tmux sessions of this host, keep and restore them.');
  session
    .command('list')
    .description('This command will list the sessions of a tmux server.')
    .option('--socket <path>', 'of the tmux server; default: that of your user')
    .addHelpText('after', '\nExample:\n  $ rerail session list')
    .action(list);
  placed(session.command('show <session>').description('This command will show windows, panes and what runs in them.'))
    .addHelpText('after', '\nExample:\n  $ rerail session show agent-7')
    .action(show);
  placed(
    session
      .command('check <session>')
      .description('This command will say whether a session is healthy, disconnected, corrupted, frozen or crashed.'),
  )
    .addHelpText('after', '\nExample:\n  $ rerail session check agent-7')
    .action(check);
  placed(session.command('capture <session>').description('This command will make a checkpoint of a session.'))
    .option('--name <name>', 'of the checkpoint, for people')
    .option('--dry-run', 'only say what it would capture')
    .addHelpText('after', '\nExample:\n  $ rerail session capture agent-7 --name "before the upgrade"')
    .action(capture);
  placed(
    session
      .command('restore <session> [checkpoint]')
      .description('This command will make a session again from its last good checkpoint, or from the one named.'),
  )
    .addOption(new Option('--overwrite <rule>', 'where another session has its name').choices(OVERWRITE_RULES))
    .option('--repair', 'only add windows and panes that are missing')
    .option('--dry-run', 'only say how it is')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail session restore agent-7 --yes')
    .action(restore);
  placed(session.command('export <session>').description('This command will print a session for another program.'))
    .addOption(new Option('--format <format>', 'of which program').choices(['tmuxp']).default('tmuxp'))
    .addHelpText('after', '\nExample:\n  $ rerail session export agent-7 --format tmuxp > agent-7.yaml')
    .action(exportSession);
}
