import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { openContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { onInterrupt } from '../interrupt.ts';

/** On a server, queues and data of its own, so that it neither finds nor leaves anything. */
async function demo(_options: object, command: Command): Promise<void> {
  const { startSystem } = await import('../system.ts');
  const { DEMO_PLAYBOOKS, runDemo } = await import('../demo/run-demo.ts');
  const context = await openContext(command);
  const { output } = context;
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-data-'));
  const unique = path.basename(dataDir).slice(-6);
  const settings = {
    ...context.settings,
    dataDir,
    host: `demo-${unique}`,
    taskQueue: `rerail-demo-${unique}`,
    playbooksDir: [DEMO_PLAYBOOKS],
    serverPort: 0,
    uiPort: 0,
  };
  const interrupted = onInterrupt((line) => output.info(line));
  try {
    const system = await startSystem({ settings, fresh: false, say: (line) => output.info(line) });
    try {
      const result = await runDemo({ context: { ...context, settings }, system, interrupted });
      if (output.format !== 'text') output.value(result, () => '');
      process.exitCode = interrupted.aborted ? EXIT.interrupted : result.ok ? EXIT.done : EXIT.unrecovered;
    } finally {
      await system.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('This command will recover a really broken release in four ways, on a server of its own, and end.')
    .addHelpText('after', '\nExample:\n  $ rerail demo -o json')
    .action(demo);
}
