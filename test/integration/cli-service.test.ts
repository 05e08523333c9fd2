import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { useCli } from '../support/cli.ts';
import { sharedHarness } from '../support/new-harness.ts';

const cli = useCli();
const harness = sharedHarness('');

it('services are shown, degraded and restored, with a reason', async () => {
  const name = `cli-${cli.unique}`;
  // The state is a workflow of this harness's own worker.
  const env = { RERAIL_TASK_QUEUE: harness.taskQueue };
  const rerail = (line: string) => cli.rerail(line.split(' '), { env });
  expect((await rerail(`service show ${name}`)).code).toBe(EXIT.notFound);
  expect((await rerail(`service degrade ${name}`)).stderr).toContain('--reason');
  const dry = await rerail(`-o json service degrade ${name} --by ada --reason moving --for 30m --dry-run`);
  expect(JSON.parse(dry.stdout)).toMatchObject({ name, degraded: true, by: 'ada', dryRun: true });
  expect((await rerail(`service restore ${name} --reason back`)).code).toBe(EXIT.notFound);

  const degraded = await rerail(`-o json service degrade ${name} --by ada --reason moving`);
  expect(JSON.parse(degraded.stdout)).toMatchObject({ degraded: true, reason: 'moving', until: null });
  const shown = await rerail(`service show ${name}`);
  expect(shown.stdout).toContain('● degraded');
  expect(shown.stdout).toContain('degraded by ada: moving');
  expect((await rerail('-o jsonl service list')).code).toBe(EXIT.done);
  const would = await rerail(`service restore ${name} --reason back --dry-run`);
  expect(would.stdout).toBe(`${name} would go from degraded to normal\n`);
  const restored = await rerail(`-o json service restore ${name} --by ada --reason back`);
  expect(JSON.parse(restored.stdout)).toMatchObject({ degraded: false, reason: null, trafficPercent: 100 });
});
