import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { DECISIONS } from '../../domain/approval.schema.ts';
import type { Decision } from '../../domain/approval.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import { withHandle } from '../with-handle.ts';

interface Who {
  by: string;
  reason?: string;
}

const needReason = (reason: string | undefined): string => {
  if (reason?.trim()) return reason;
  throw new RerailError('invalid-input', '--reason is missing', { remedy: 'Say why, for the audit: --reason "…".' });
};

function withWho(command: Command): Command {
  return command
    .addOption(
      new Option('--by <name>', 'who decides; Temporal does not check it').default(
        userInfo().username,
        'your user name',
      ),
    )
    .option('--reason <text>', 'why; kept in the report');
}

/** Sends a decision and says what it did. */
async function answer(
  command: Command,
  id: string,
  send: (handle: RecoveryHandle) => Promise<{ status: string; note: string } | void>,
): Promise<void> {
  await withHandle(command, id, async (handle, { output }) => {
    const receipt = (await send(handle)) ?? { status: 'sent', note: 'sent; a wrong one is refused in the timeline' };
    output.value({ workflowId: handle.workflowId, ...receipt }, () => `${handle.workflowId}: ${receipt.note}`);
  });
}

function addVerdict(recovery: Command, verb: 'approve' | 'deny'): void {
  withWho(
    recovery
      .command(`${verb} <recovery>`)
      .description(`This command will ${verb} the plan that a recovery waits with.`),
  )
    .option('--plan-hash <hash>', 'the plan you have seen, at least 8 digits; default: the present one, shown first')
    .option('--action <id>', 'an action that asks for its own approval')
    .option('--signal', 'send a signal instead of an update: no answer, works while no worker is up')
    .addHelpText(
      'after',
      `\nExample:\n  $ rerail recovery ${verb} recovery/release/web --plan-hash 1a2b3c4d --by ada --reason "${verb === 'approve' ? 'looks right' : 'not at night'}"`,
    )
    .action((id: string, options: Who & { planHash?: string; action?: string; signal?: boolean }, command: Command) =>
      answer(command, id, async (handle) => {
        const planHash = options.planHash ?? (await handle.plan())?.hash ?? '';
        const { by, reason } = options;
        const input = { planHash, by, ...(options.action ? { actionId: options.action } : {}) };
        if (verb === 'deny') {
          const denial = { ...input, reason: needReason(reason) };
          return options.signal ? handle.signalDenial(denial) : handle.deny(denial);
        }
        const approval = { ...input, ...(reason ? { reason } : {}) };
        return options.signal ? handle.signalApproval(approval) : handle.approve(approval);
      }),
    );
}

function parseJsonOption(text: string | undefined, flag: string): { value?: Json } {
  if (text === undefined) return {};
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    throw new RerailError('invalid-input', `${flag} is not JSON: ${text}`, {
      remedy: `Write for example ${flag} '{"port": 5432}'.`,
    });
  }
}

/** The commands that answer a recovery or stop it. */
export function addRecoveryDecisions(recovery: Command): void {
  addVerdict(recovery, 'approve');
  addVerdict(recovery, 'deny');
  withWho(
    recovery
      .command('complete <recovery> <action>')
      .description('This command will complete the manual step that a recovery waits for.'),
  )
    .option('--failed', 'it could not be done')
    .option('--output-json <json>', 'what the step gives to later actions')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recovery complete recovery/release/web fix --by ada --reason "config corrected"',
    )
    .action(
      (id: string, actionId: string, options: Who & { failed?: boolean; outputJson?: string }, command: Command) => {
        const { value } = parseJsonOption(options.outputJson, '--output-json');
        const { by, reason } = options;
        const outcome = options.failed ? 'failed' : 'done';
        return answer(command, id, (handle) =>
          handle.completeManualStep({
            actionId,
            by,
            outcome,
            ...(reason ? { note: reason } : {}),
            ...(value === undefined ? {} : { output: value }),
          }),
        );
      },
    );
  withWho(
    recovery
      .command('decide <recovery> <action> <decision>')
      .description(`This command will decide on a parked action: ${DECISIONS.join(', ')}.`),
  )
    .option('--input <json>', 'with retry: another input for its activity')
    .option('--output-json <json>', 'with supply: the output')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recovery decide recovery/release/web again retry --by ada --reason "disk is free again"',
    )
    .action(
      (
        id: string,
        actionId: string,
        decision: string,
        options: Who & { input?: string; outputJson?: string },
        command: Command,
      ) => {
        const input = parseJsonOption(options.input, '--input').value;
        const output = parseJsonOption(options.outputJson, '--output-json').value;
        const given = { actionId, decision: decision as Decision, by: options.by, reason: needReason(options.reason) };
        return answer(command, id, (handle) =>
          handle.decide({
            ...given,
            ...(input === undefined ? {} : { input }),
            ...(output === undefined ? {} : { output }),
          }),
        );
      },
    );
  for (const verb of ['pause', 'resume'] as const) {
    withWho(
      recovery
        .command(`${verb} <recovery>`)
        .description(`This command will ${verb} a recovery${verb === 'pause' ? ' before its next action' : ''}.`),
    )
      .addHelpText(
        'after',
        `\nExample:\n  $ rerail recovery ${verb} recovery/release/web --by ada --reason "deploy freeze"`,
      )
      .action((id: string, options: Who, command: Command) =>
        answer(command, id, (handle) => handle[verb]({ by: options.by, reason: needReason(options.reason) })),
      );
  }
  recovery
    .command('cancel <recovery>')
    .description('This command will stop a recovery and undo what it has begun.')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail recovery cancel recovery/release/web --yes')
    .action((id: string, options: { yes?: boolean }, command: Command) =>
      answer(command, id, async (handle) => {
        if (!options.yes) {
          throw new RerailError(
            'approval-refused',
            `${handle.workflowId} would be stopped and what it has begun undone`,
            {
              remedy: 'Say so with --yes.',
            },
          );
        }
        await handle.cancel();
        return { status: 'cancelling', note: 'is stopping and undoes what it has begun' };
      }),
    );
}
