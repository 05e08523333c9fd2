import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { PeriodReportSchema } from '../../src/domain/period-report.schema.ts';
import type { PeriodReport } from '../../src/domain/period-report.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';

const cli = useCli({ processes: 'own' });
const { rerail, json } = cli;
let worker: ChildProcess;
beforeAll(async () => {
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

const recover = (name: string, playbook: string, argv: string[], wait = true) =>
  rerail([
    ...['recover', '--target', `cli/${name}-${cli.unique}`, '--message', 'it broke', '--playbook', playbook],
    ...(wait ? ['--wait'] : []),
    '--',
    ...argv,
  ]);
const id = (name: string) => `recovery/cli/${name}-${cli.unique}`;

describe('a closed recovery', () => {
  it('is resumed where it stopped, once that was agreed to', async () => {
    const flag = await cli.file('flags/none', '');
    const name = 'resumed';
    expect((await recover(name, 'again', ['test', '-e', `${flag}-there`])).code).toBe(EXIT.unrecovered);
    const shown = await rerail(['recovery', 'resume', id(name), '--dry-run']);
    expect(shown.stdout).toMatch(/done again {2}retry/);
    const refused = await rerail(['recovery', 'resume', id(name), '--reason', 'mended']);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(refused.stderr).toContain('--yes');
    await cli.file('flags/none-there', '');
    const done = await rerail(['recovery', 'resume', id(name), '--reason', 'mended', '--yes', '--wait']);
    expect(done.code).toBe(EXIT.done);
    const nothing = await rerail(['recovery', 'resume', id(name), '--reason', 'more', '--yes']);
    expect(nothing.code).not.toBe(EXIT.done);
    expect(nothing.stderr).toContain('every action of it was done');
  });

  it('is forked only from an action that it has', async () => {
    const name = 'forked';
    await recover(name, 'again', ['false']);
    const wrong = await rerail(['recovery', 'fork', id(name), '--from', 'nothing', '--reason', 'r', '--yes']);
    expect(wrong.stderr).toMatch(/no action "nothing"[\s\S]*retry, escalate/);
    const dry = await json<{ continuation: { again: { id: string }[] } }>([
      'recovery',
      'fork',
      id(name),
      '--from',
      'escalate',
      '--dry-run',
    ]);
    expect(dry.continuation.again.map((action) => action.id)).toEqual(['escalate']);
  });
});

it('kills only with a reason and a yes, and says what stays', async () => {
  const name = 'killed';
  await recover(name, 'ask', ['true'], false);
  expect((await rerail(['recovery', 'kill', id(name)])).stderr).toContain('--reason is missing');
  const refused = await rerail(['recovery', 'kill', id(name), '--reason', 'stuck']);
  expect(refused.code).toBe(EXIT.approval);
  await until(async () => (await json<{ waitingFor?: object }>(['recovery', 'show', id(name)])).waitingFor, 'the wait');
  expect(await json(['recovery', 'kill', id(name), '--reason', 'stuck', '--yes'])).toMatchObject({
    killed: true,
    left: [],
  });
});

it('reports on a period as a page, as Markdown and as JSON', async () => {
  const from = new Date().toISOString();
  const name = 'reported';
  expect((await recover(name, 'again', ['true'])).code).toBe(EXIT.done);
  const ofPeriod = ['report', '--from', from];
  const found = await until(async () => {
    const report = await json<PeriodReport>(ofPeriod);
    return report.trend.some(({ points }) => points.some(({ workflowId }) => workflowId === id(name))) && report;
  }, 'it in Visibility');
  expect(PeriodReportSchema.parse(found)).toMatchObject({ from, read: { truncated: false } });
  expect(found.objectives.find(({ playbook }) => playbook === 'again')?.rto).toMatchObject({ status: 'no_objective' });
  expect((await rerail(ofPeriod)).stdout).toContain('| again | none |');
  const file = path.join(cli.root, 'period.html');
  const written = await rerail([...ofPeriod, '--format', 'html', '--out', file]);
  expect(written.stdout).toContain('as html');
  expect(await readFile(file, 'utf8')).toMatch(/^<!doctype html>[\s\S]*Times to recover by again/);
  const wrong = await rerail(['report', '--from', 'yesterday']);
  expect(wrong).toMatchObject({ code: EXIT.usage, stdout: '' });
  expect(wrong.stderr).toMatch(/--from: "yesterday"[\s\S]*2026-01-31/);
  expect((await rerail(['report', '--from', '1 day', '--to', '2 days'])).stderr).toContain('is not before');
});

it('shows statistics, the switch, and refuses to throw it without a yes', async () => {
  expect(await json(['stats', '--since', '1 day'])).toMatchObject({ groups: expect.any(Array) as unknown[] });
  expect((await rerail(['stats', '--since', 'yesterday'])).stderr).toContain('--since');
  expect(await json(['automation', 'show'])).toEqual({ automation: 'on' });
  const refused = await rerail(['automation', 'off', '--reason', 'freeze']);
  expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
  expect(await json(['automation', 'show'])).toEqual({ automation: 'on' });
});
