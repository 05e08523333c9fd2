import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import type { DrillReport } from '../../src/domain/drill.ts';
import { holdersOf } from '../chaos/suite/leftovers.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

const cli = useCli();
let worker: ChildProcess;

/** A step that a person mends, or does not. */
const drill = (name: string, mend: string, hold = '1ms') => `apiVersion: rerail/v1
kind: Drill
metadata: {name: ${name}}
spec:
  sandbox: {files: {kept: ""}}
  steadyState: [{name: whole, command: {argv: [test, '!', -e, broken]}}]
  faults: [{type: writeFile, path: broken, content: ""}]
  failure: {category: VALIDATION, operation: {kind: command, argv: [test, '!', -e, broken]}}
  answers: {manual: done, mend: ${mend}}
  hold: ${hold}
`;

beforeAll(async () => {
  worker = await cli.startWorker();
  const folder = path.join(cli.root, 'drills');
  await mkdir(folder);
  await writeFile(path.join(folder, 'good.yaml'), drill('good', '[rm, broken]'));
  await writeFile(path.join(folder, 'bad.yaml'), drill('bad', '[rm, kept]'));
});
afterAll(() => stopChild(worker));

it('ends with 0 where the drill has passed, and shows its report again', async () => {
  const ran = await cli.rerail(['drill', 'run', 'drills/good.yaml', '-o', 'json']);
  expect(ran).toMatchObject({ code: EXIT.done });
  const report = JSON.parse(ran.stdout) as DrillReport;
  expect(report).toMatchObject({ name: 'good', verdict: 'passed', problems: [] });
  const again = await cli.rerail(['drill', 'report', report.workflowId, '-o', 'json']);
  expect(JSON.parse(again.stdout)).toEqual(report);
  const shown = await cli.rerail(['drill', 'report', report.workflowId]);
  expect(shown.stdout).toMatch(/good[\s\S]*passed/);
});

it('runs them all, says why one has failed, and ends with 4', async () => {
  const ran = await cli.rerail(['drill', 'run', 'drills', '-o', 'jsonl']);
  expect(ran).toMatchObject({ code: EXIT.invalid });
  const said = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(said.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['bad', 'failed'],
    ['good', 'passed'],
    [undefined, undefined],
  ]);
  expect(said[0]?.['problems']).toContainEqual(expect.stringContaining('1 of 1 items lost: kept is gone'));
  expect(said[2]).toMatchObject({ event: 'summary', drills: 2, passed: 1, failed: 1, notRun: 0 });
});

it('computes beside the drill with --load, and stops with it', async () => {
  await writeFile(path.join(cli.root, 'held.yaml'), drill('held', '[rm, broken]', '3s'));
  const computing = (): string[] => holdersOf(path.join(cli.root, 'data')).filter((what) => what.includes('stress-ng'));
  const running = cli.rerail(['drill', 'run', 'held.yaml', '--load', '1', '-o', 'json']);
  await until(() => Promise.resolve(computing().length > 0), 'the load');
  expect(JSON.parse((await running).stdout)).toMatchObject({ verdict: 'passed', left: [] });
  expect(computing()).toEqual([]);
});
