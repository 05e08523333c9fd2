import type { Command } from 'commander';
import { isRerailError } from '../../domain/errors.ts';
import { hostTaskQueue } from '../../domain/wire-names.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { renderTable } from '../output/table.ts';
import {
  checkAttributes,
  checkCare,
  checkClock,
  checkDisk,
  checkHost,
  checkPollers,
  checkStore,
} from './doctor-checks.ts';
import type { Check } from './validate-workspace.ts';

const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

async function checkServer(context: Context, fix: boolean): Promise<Check[]> {
  const { resolveConnection } = await import('../../config/connection.ts');
  const { address } = (await resolveConnection(context.settings)).connectionOptions;
  try {
    return await withClient(context, async ({ hosts }, client) => {
      const { namespace } = client.options;
      const { taskQueue, host } = context.settings;
      const info = await client.workflowService.getSystemInfo({});
      const [attributes, care, here, ...pollers] = await Promise.all([
        checkAttributes(client, namespace, fix),
        checkCare(client, host),
        checkHost(hosts, host),
        checkPollers(client, namespace, taskQueue, WORKFLOW_QUEUE, 'workflows'),
        checkPollers(client, namespace, hostTaskQueue(host), ACTIVITY_QUEUE, `host ${host}`),
      ]);
      return [
        {
          name: 'Temporal',
          level: 'ok',
          found: `${address ?? ''}, server ${info.serverVersion ?? '?'}, namespace ${namespace}`,
        } satisfies Check,
        attributes,
        ...pollers.map(({ lastSeen: _lastSeen, ...check }) => check),
        checkClock(
          pollers.flatMap(({ lastSeen }) => lastSeen),
          Date.now(),
        ),
        here,
        care,
      ];
    });
  } catch (error) {
    if (!isRerailError(error)) throw error;
    return [
      { name: 'Temporal', level: 'error', found: error.message, ...(error.remedy ? { remedy: error.remedy } : {}) },
    ];
  }
}

async function doctor(options: { fix?: boolean }, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output, settings } = context;
  const { dataDir } = settings;
  const checks = [
    ...(await checkServer(context, options.fix ?? false)),
    ...(await Promise.all([checkDisk(dataDir), checkStore(dataDir)])),
  ];
  const failed = checks.some(({ level }) => level === 'error');
  const paint = {
    ok: output.paint.green('✔ ok'),
    warning: output.paint.yellow('● warning'),
    error: output.paint.red('✖ error'),
  };
  output.value({ ok: !failed, checks }, () =>
    renderTable(
      output.paint,
      ['level', 'check', 'found', 'remedy'],
      checks.map(({ name, level, found, remedy }) => [paint[level], name, found, remedy ?? '']),
    ),
  );
  if (failed)
    process.exitCode = checks[0]?.name === 'Temporal' && checks[0].level === 'error' ? EXIT.unreachable : EXIT.invalid;
}

export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description(
      'This command will check server, search attributes, workers, clock, disk and store, and say the remedy of each problem.',
    )
    .option('--fix', 'register missing search attributes')
    .addHelpText('after', '\nExample:\n  $ rerail doctor')
    .action(doctor);
}
