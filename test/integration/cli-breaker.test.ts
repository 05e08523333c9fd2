import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { useCli } from '../support/cli.ts';
import { newHarnessForEach } from '../support/new-harness.ts';

const cli = useCli();
const harness = newHarnessForEach('');
const words = (line: string): string[] => line.split(' ');

describe('the breaker commands', () => {
  it('list, show, open, close and reset, with a reason', async () => {
    const { breakers } = harness.recoveries;
    const name = `cli-${cli.unique}`;
    // A breaker is a workflow of this harness's own worker.
    const env = { RERAIL_TASK_QUEUE: harness.taskQueue };
    const rerail = (line: string) => cli.rerail(words(line), { env });
    const [unknown, unsigned, unused, misnamed] = await Promise.all([
      rerail(`breaker reset ${name} --reason mended`),
      rerail(`breaker open ${name}`),
      rerail(`-o json breaker open ${name} --by ada --reason moving --dry-run`),
      rerail('breaker show No_Name'),
    ]);
    expect([unknown.code, unsigned.code, unused.code, misnamed.code]).toEqual([
      EXIT.notFound,
      EXIT.usage,
      EXIT.done,
      EXIT.usage,
    ]);
    expect(unsigned.stderr).toContain('--reason');
    expect(JSON.parse(unused.stdout)).toMatchObject({ from: null, to: 'FORCED_OPEN', by: 'ada', dryRun: true });
    expect(await breakers.isDegraded(name)).toBe(false);

    const opened = await rerail(`breaker open ${name} --by ada --reason moving`);
    expect(opened).toMatchObject({ code: EXIT.done, stdout: `${name}: CLOSED -> FORCED_OPEN, by ada: moving\n` });
    const [shown, listed, dry] = await Promise.all([
      rerail(`breaker show ${name}`),
      rerail('-o jsonl breaker list'),
      rerail(`breaker reset ${name} --by ada --reason moved --dry-run`),
    ]);
    expect(shown.stdout).toContain('✖ FORCED_OPEN');
    expect(shown.stdout).toContain('CLOSED -> FORCED_OPEN by ada: moving');
    expect(listed.code).toBe(EXIT.done);
    expect(dry.stdout).toBe(`${name} would go from FORCED_OPEN to CLOSED\n`);
    expect(await breakers.isDegraded(name)).toBe(true);

    const closed = await rerail(`-o json breaker close ${name} --by ada --reason trust --count`);
    expect(JSON.parse(closed.stdout)).toMatchObject({ state: 'METRICS_ONLY', degraded: false });
    const wrong = await rerail(`breaker configure ${name} failureRateThreshold=300 --by ada --reason x`);
    expect(wrong).toMatchObject({ code: EXIT.usage });
    expect(wrong.stderr).toContain('failureRateThreshold');
    const set = await rerail(`-o json breaker configure ${name} failureRateThreshold=30 --by ada --reason tight`);
    expect(JSON.parse(set.stdout)).toMatchObject({ settings: { failureRateThreshold: 30 } });
    expect((await rerail(`breaker reset ${name} --by bob --reason done`)).code).toBe(EXIT.done);
    expect(await breakers.status(name)).toMatchObject({ state: 'CLOSED', lastChange: { by: 'bob', reason: 'done' } });
  });
});
