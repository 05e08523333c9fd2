import type { Command } from 'commander';
import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { DECISIONS } from '../../domain/approval.schema.ts';
import type { Decision } from '../../domain/approval.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import type { Output } from '../output/output.ts';
import { renderApproval } from '../output/render-approval.ts';
import { confirm } from '../prompt.ts';
import { addSignedOptions, needReason, signed, type SignedOptions } from '../signed-options.ts';
import { withHandle } from '../with-handle.ts';

/** Sends a decision and says what it did, or with `--dry-run` where the recovery stands that would get it. */
async function answer(
  command: Command,
  id: string,
  send: (handle: RecoveryHandle, output: Output) => Promise<{ status: string; note: string } | void>,
): Promise<void> {
  await withHandle(command, id, async (handle, { output }) => {
    if (command.opts<{ dryRun?: boolean }>().dryRun) {
      const { status } = await handle.status();
      const allowedDecisions = await handle.allowedDecisions();
      const would = { workflowId: handle.workflowId, status, verb: command.name(), allowedDecisions, dryRun: true };
      return output.value(would, () =>
        [
          `${handle.workflowId} is ${status} and would be sent: ${command.name()}`,
          ...allowedDecisions.map(({ decision, allowed, reason }) =>
            allowed ? `  may ${decision}` : output.paint.dim(`  may not ${decision}: ${reason ?? ''}`),
          ),
        ].join('\n'),
      );
    }
    const receipt = (await send(handle, output)) ?? {
      status: 'sent',
      note: 'sent; a wrong one is refused in the timeline',
    };
    output.value({ workflowId: handle.workflowId, ...receipt }, () => `${handle.workflowId}: ${receipt.note}`);
  });
}

interface VerdictOptions extends SignedOptions {
  planHash?: string;
  action?: string;
  role?: string[];
  stateHash?: string;
  breakGlass?: boolean;
  signal?: boolean;
}

/** The plan as it is now, after it was shown: a verdict names what was seen. */
async function seenHash(handle: RecoveryHandle, output: Output, verb: 'approve' | 'deny'): Promise<string> {
  const plan = await handle.plan();
  const { approval } = await handle.status();
  if (!plan || !approval) return plan?.hash ?? '';
  output.info(
    [...plan.actions.map(({ id, title }) => `  ${id}: ${title}`), renderApproval(output.paint, approval)].join('\n'),
  );
  const what = `You would ${verb} plan ${plan.hash.slice(0, 12)} of ${handle.workflowId}`;
  if (output.isInteractive) await confirm(output, { yes: false, what });
  return plan.hash;
}

function addVerdict(recovery: Command, verb: 'approve' | 'deny'): void {
  addSignedOptions(
    recovery
      .command(`${verb} <recovery>`)
      .description(`This command will ${verb} the plan that a recovery waits with.`),
  )
    .option('--plan-hash <hash>', 'the plan you have seen, at least 8 digits; default: the present one, shown first')
    .option('--action <id>', 'an action that asks for its own approval')
    .option('--role <name...>', 'your roles, where the playbook asks for some')
    .option('--state-hash <hash>', 'the state of the target you have seen; refused when it has changed')
    .option('--break-glass', 'in an emergency, past roles and quorum; needs a reason and heads the report')
    .option('--dry-run', 'only say where the recovery stands and what it may be sent')
    .option('--signal', 'send a signal instead of an update: no answer, works while no worker is up')
    .addHelpText(
      'after',
      `\nExample:\n  $ rerail recovery ${verb} recovery/release/web --plan-hash 1a2b3c4d --by ada --reason "${verb === 'approve' ? 'looks right' : 'not at night'}"`,
    )
    .action((id: string, options: VerdictOptions, command: Command) =>
      answer(command, id, async (handle, output) => {
        const planHash = options.planHash ?? (await seenHash(handle, output, verb));
        const { by, reason, action, role, stateHash, breakGlass } = options;
        const input = {
          planHash,
          by,
          ...(action ? { actionId: action } : {}),
          ...(role ? { roles: role } : {}),
          ...(stateHash ? { stateHash } : {}),
          ...(breakGlass ? { breakGlass: true } : {}),
        };
        if (verb === 'deny') {
          const denial = { ...input, reason: await needReason(reason, output) };
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
  addSignedOptions(
    recovery
      .command('complete <recovery> <action>')
      .description('This command will complete the manual step that a recovery waits for.'),
  )
    .option('--dry-run', 'only say where the recovery stands and what it may be sent')
    .option('--failed', 'it could not be done')
    .option('--output-json <json>', 'what the step gives to later actions')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recovery complete recovery/release/web fix --by ada --reason "config corrected"',
    )
    .action(
      (
        id: string,
        actionId: string,
        options: SignedOptions & { failed?: boolean; outputJson?: string },
        command: Command,
      ) => {
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
  addSignedOptions(
    recovery
      .command('decide <recovery> <action> <decision>')
      .description(`This command will decide on a parked action: ${DECISIONS.join(', ')}.`),
  )
    .option('--input <json>', 'with retry: another input of its activity, or fields of its command or request')
    .option('--dry-run', 'only say where the recovery stands and what it may be sent')
    .option('--playbook <name>', 'with handover: the playbook that takes over')
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
        options: SignedOptions & { input?: string; outputJson?: string; playbook?: string },
        command: Command,
      ) => {
        const input = parseJsonOption(options.input, '--input').value;
        const supplied = parseJsonOption(options.outputJson, '--output-json').value;
        return answer(command, id, async (handle, output) =>
          handle.decide({
            actionId,
            decision: decision as Decision,
            ...(await signed(options, output)),
            ...(options.playbook ? { playbook: options.playbook } : {}),
            ...(input === undefined ? {} : { input }),
            ...(supplied === undefined ? {} : { output: supplied }),
          }),
        );
      },
    );
  addSignedOptions(
    recovery.command('pause <recovery>').description('This command will pause a recovery before its next action.'),
  )
    .option('--dry-run', 'only say where the recovery stands and what it may be sent')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail recovery pause recovery/release/web --by ada --reason "deploy freeze"',
    )
    .action((id: string, options: SignedOptions, command: Command) =>
      answer(command, id, async (handle, output) => handle.pause(await signed(options, output))),
    );
  recovery
    .command('cancel <recovery>')
    .description('This command will stop a recovery and undo what it has begun.')
    .option('--dry-run', 'only say where the recovery stands and what it may be sent')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ rerail recovery cancel recovery/release/web --yes')
    .action((id: string, options: { yes?: boolean }, command: Command) =>
      answer(command, id, async (handle, output) => {
        const what = `${handle.workflowId} would be stopped and what it has begun undone`;
        await confirm(output, { yes: options.yes, what });
        await handle.cancel();
        return { status: 'cancelling', note: 'is stopping and undoes what it has begun' };
      }),
    );
}
