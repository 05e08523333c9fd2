import { access, constants, mkdir, statfs } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { messageOf, isRerailError } from '../../domain/errors.ts';
import { hostTaskQueue } from '../../domain/wire-names.ts';
import { ensureSearchAttributes, missingSearchAttributes } from '../../embedded/search-attributes.ts';
import { openContext, withClient, type Context } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes } from '../output/render.ts';
import { renderTable } from '../output/table.ts';
import type { Check } from './validate-workspace.ts';

const LEAST_FREE_BYTES = 1024 ** 3;
const WORKFLOW_QUEUE = 1;
const ACTIVITY_QUEUE = 2;

async function checkDisk(dataDir: string): Promise<Check> {
  const name = 'data directory';
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    if (free < LEAST_FREE_BYTES) {
      return {
        name,
        level: 'warning',
        found: `${dataDir}: only ${formatBytes(free)} free`,
        remedy: 'Free space, or set --data-dir elsewhere; rerail cleanup helps.',
      };
    }
    return { name, level: 'ok', found: `${dataDir}, ${formatBytes(free)} free` };
  } catch (error) {
    return {
      name,
      level: 'error',
      found: `${dataDir}: ${messageOf(error)}`,
      remedy: 'Make it writable, or set --data-dir elsewhere.',
    };
  }
}

async function checkAttributes(client: Client, namespace: string, fix: boolean): Promise<Check> {
  const name = 'search attributes';
  const operator = client.connection as unknown as Parameters<typeof missingSearchAttributes>[0];
  const missing = await missingSearchAttributes(operator, namespace);
  if (missing.length === 0) return { name, level: 'ok', found: 'all registered' };
  if (fix) {
    await ensureSearchAttributes(operator, namespace);
    return { name, level: 'ok', found: `registered now: ${missing.join(', ')}` };
  }
  return { name, level: 'error', found: `missing: ${missing.join(', ')}`, remedy: 'Run rerail doctor --fix.' };
}

async function checkPollers(
  client: Client,
  namespace: string,
  queue: string,
  taskQueueType: number,
  what: string,
): Promise<Check> {
  const name = `worker for ${what}`;
  const answer = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType,
  });
  const pollers = answer.pollers?.length ?? 0;
  if (pollers > 0) return { name, level: 'ok', found: `${pollers} on ${queue}` };
  return {
    name,
    level: 'warning',
    found: `none on ${queue}`,
    remedy: 'Start one with rerail worker, or everything with rerail up.',
  };
}

async function checkServer(context: Context, fix: boolean): Promise<Check[]> {
  const { resolveConnection } = await import('../../config/connection.ts');
  const { address } = (await resolveConnection(context.settings)).connectionOptions;
  try {
    return await withClient(context, async (_recoveries, client) => {
      const { namespace } = client.options;
      const { taskQueue, host } = context.settings;
      const info = await client.workflowService.getSystemInfo({});
      return [
        {
          name: 'Temporal',
          level: 'ok',
          found: `${address ?? ''}, server ${info.serverVersion ?? '?'}, namespace ${namespace}`,
        } satisfies Check,
        ...(await Promise.all([
          checkAttributes(client, namespace, fix),
          checkPollers(client, namespace, taskQueue, WORKFLOW_QUEUE, 'workflows'),
          checkPollers(client, namespace, hostTaskQueue(host), ACTIVITY_QUEUE, `host ${host}`),
        ])),
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
  const checks = [...(await checkServer(context, options.fix ?? false)), await checkDisk(settings.dataDir)];
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
      'This command will check server, search attributes, workers, and disk, and say the remedy of each problem.',
    )
    .option('--fix', 'register missing search attributes')
    .addHelpText('after', '\nExample:\n  $ rerail doctor')
    .action(doctor);
}
