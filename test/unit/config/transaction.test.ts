import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadTransaction } from '../../../src/config/load-transaction.ts';
import { failure } from '../../support/rejection.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-tx-')));
  file = path.join(folder, 'a.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

const load = async (spec: string, head = 'apiVersion: rerail/v1\nkind: Transaction\nmetadata: {name: order}\n') => {
  await writeFile(file, `${head}spec:\n${spec}`);
  return loadTransaction(file);
};
const problems = async (spec: string): Promise<string[]> => {
  const { code, message } = await failure(load(spec));
  expect(code).toBe('transaction-invalid');
  return message.replaceAll(file, 'a.yaml').split('\n');
};

const A = '    - {id: a, operation: {kind: activity, name: look}}\n';

describe('loadTransaction', () => {
  test('takes inputs where a limit, an address or a part of a text stands, and keeps their type', async () => {
    const { input, workspace } = await load(
      `  inputs: {tries: 3, base: "http://127.0.0.1:1", who: ada}
  operations:
    - id: pay
      operation: {kind: http, method: POST, url: "{{ inputs.base }}/pay", body: {by: "for {{inputs.who}}"}}
      retry: {maximumAttempts: "{{ inputs.tries }}"}
    - id: tell
      operation: {kind: activity, name: tell, input: "{{ actions.pay.output.output.id }}"}
      undo: {kind: activity, name: untell, input: "{{ actions.tell.output.output }}"}
`,
    );
    expect(workspace).toBe(folder);
    expect(input).toMatchObject({
      name: 'order',
      onUndoFailure: 'report',
      operations: [
        {
          operation: { url: 'http://127.0.0.1:1/pay', body: { by: 'for ada' } },
          retry: { maximumAttempts: 3 },
          timeout: '10m',
        },
        { operation: { input: '{{ actions.pay.output.output.id }}' } },
      ],
    });
  });

  test('names line, column and field of every mistake', async () => {
    expect(
      await problems(
        `  operations:\n${A}    - {id: a, operation: {kind: activity, name: x, timeout: 1h30m}, udno: {}}\n`,
      ),
    ).toEqual([
      'a.yaml:7:61: spec.operations.1.operation.timeout: "1h30m" is not a duration: write "90m"',
      'a.yaml:7:75: spec.operations.1.udno: Unrecognized key: "udno"',
      'a.yaml:7:12: spec.operations.1.id: operation "a" is there twice',
    ]);
    expect(await problems(`  operations:\n${A}${A}`)).toEqual([
      'a.yaml:7:12: spec.operations.1.id: operation "a" is there twice',
    ]);
    expect(await problems(`  operations:\n    - null\n    - text\n`)).toEqual([
      expect.stringContaining('a.yaml:6:7: spec.operations.0: '),
      expect.stringContaining('a.yaml:7:7: spec.operations.1: '),
    ]);
    expect(await problems('  operations: []\n')).toEqual([
      'a.yaml:5:15: spec.operations: must have at least one operation',
    ]);
    expect(await problems(`  workspace: gone\n  operations:\n${A}`)).toEqual([
      `a.yaml:5:14: spec.workspace: ${folder}/gone cannot be used (ENOENT)`,
    ]);
  });

  test.each([
    ['an operation after it', 'operation', 'actions.b.output.x'],
    ['itself', 'operation', 'actions.a.output.x'],
    ['nobody', 'undo', 'actions.nobody.output.x'],
    ['what transactions have not', 'undo', 'failure.message'],
    ['an input that is not given', 'undo', 'inputs.toString'],
  ])('refuses a template of %s', async (_what, field, template) => {
    const other = field === 'undo' ? 'operation: {kind: activity, name: x}, ' : '';
    const text = `    - {id: a, ${other}${field}: {kind: activity, name: x, input: "{{ ${template} }}"}}\n`;
    const [problem] = await problems(`  operations:\n${text}    - {id: b, operation: {kind: activity, name: x}}\n`);
    expect(problem).toContain(`spec.operations.0.${field}: {{ ${template} }} leads nowhere`);
  });

  test('takes the example that the README runs', async () => {
    const { input } = await loadTransaction('examples/transaction/order.yaml');
    expect(input.operations).toMatchObject([
      { operation: { argv: ['node', '-e', "console.log('reserved')", 'book'] } },
      { retry: { maximumAttempts: 2 } },
    ]);
  });

  test('wants one document of the right kind', async () => {
    await writeFile(file, '');
    expect((await failure(loadTransaction(file))).message).toContain('is empty');
    await writeFile(file, 'just text');
    expect((await failure(loadTransaction(file))).code).toBe('transaction-invalid');
    expect((await failure(loadTransaction(path.join(folder, 'gone')))).message).toContain('there is no such file');
  });
});
