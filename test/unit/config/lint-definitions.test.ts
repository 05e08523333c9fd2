import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lintDefinitions } from '../../../src/config/lint-definitions.ts';
import { BUILTIN_PLAYBOOKS } from '../../../src/config/load-playbooks.ts';
import { newPlaybookText } from '../../../src/config/new-playbook.ts';
import { isIrreversible } from '../../../src/planner/undo-coverage.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-lint-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function lint(text: string) {
  const file = path.join(folder, 'a.yaml');
  await writeFile(file, text);
  const { findings } = await lintDefinitions([folder], isIrreversible);
  return findings.map(({ line, column, level, rule }) => `${line}:${column} ${level} ${rule}`);
}

const head = (name: string): string => `apiVersion: rerail/v1
kind: Playbook
metadata: {name: ${name}}
spec:
  match: [{code: X}]
`;

it('finds nothing in a new playbook', async () => {
  const schema = './playbook.schema.json';
  expect(await lint(newPlaybookText({ name: 'mine', schema }))).toEqual([]);
  expect(await lint(newPlaybookText({ name: 'mine', schema, failureType: 'database', lane: 'heavy' }))).toEqual([]);
});

it('finds no error in the built-in playbooks', async () => {
  const { findings, playbooks } = await lintDefinitions([BUILTIN_PLAYBOOKS], isIrreversible);
  expect(playbooks).toBeGreaterThan(40);
  expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
});

it('finds nothing wrong in the examples and in the guides', async () => {
  const guides = fileURLToPath(new URL('../../../docs/guide', import.meta.url));
  const written = await Promise.all(
    (await readdir(guides)).map(async (name) => {
      const text = await readFile(path.join(guides, name), 'utf8');
      const whole = [...text.matchAll(/```yaml\n(apiVersion: rerail\/v1\n.*?)```/gs)].map(([, block = '']) => block);
      return whole.map((block, index) => ({ name: `${name}-${index}.yaml`, block }));
    }),
  );
  for (const { name, block } of written.flat()) await writeFile(path.join(folder, name), block);
  expect(written.flat().length).toBeGreaterThan(5);
  const { findings } = await lintDefinitions(
    [fileURLToPath(new URL('../../../examples', import.meta.url)), folder],
    isIrreversible,
  );
  expect(findings.filter(({ level, rule }) => level === 'error' && rule !== 'name-taken')).toEqual([]);
});

it('checks rules for alerts and notifications, and refuses a kind that nobody knows', async () => {
  const of = (kind: string, spec: string) => lint(`apiVersion: rerail/v1\nkind: ${kind}\nspec: ${spec}\n`);
  expect(await of('Notifications', '{channels: [{name: a, type: sms}], routes: []}')).toEqual([
    '3:35 error definition-invalid',
    '3:50 error definition-invalid',
  ]);
  expect(await of('AlertRules', '{rules: [{name: a, failure: {message: m}}]}')).toEqual([
    '3:35 error definition-invalid',
  ]);
  expect(await of('Sandwich', '{}')).toContain('2:7 error playbook-invalid');
});

it('names every problem of every document with its place', async () => {
  const broken = `${head('one').replace('code: X', 'cod: X')}  actions: [{id: a, type: rum}]\n`;
  expect(
    await lint(`${broken}---\n${head('two')}  actions: [{id: a, type: retry}, {id: a, type: escalate}]\n`),
  ).toEqual([
    '5:17 error playbook-invalid',
    '5:11 error playbook-invalid',
    '6:27 error playbook-invalid',
    '13:40 error playbook-invalid',
  ]);
  expect(await lint('a: [')).toEqual(['1:5 error playbook-invalid']);
});

it('knows which outputs are there to be read', async () => {
  const actions = (value: string): string => `  actions:
    - {id: a, type: retry}
    - {id: b, type: run, run: {command: [echo, "${value}"]}, compensate: {command: [undo, "{{ actions.b.output.x }}"]}}
    - {id: c, type: escalate}
`;
  const of = (value: string) => lint(head('one') + actions(value));
  expect(await of('{{ actions.a.output }} {{ failure.code }} {{ inputs.x }}')).toEqual([]);
  expect(await of('{{ actions.b.output }}')).toEqual(['8:7 error template']);
  expect(await of('{{ env.SECRET }}')).toEqual(['8:7 error template']);
});

it('advises where nobody would know, nothing would be proven or undone', async () => {
  const run = '  actions: [{id: a, type: run, run: {command: [restart]}}]\n';
  expect(await lint(head('one') + run)).toEqual([
    '5:3 warning unproven',
    '6:12 warning nobody-told',
    '6:13 warning no-undo',
  ]);
  const looks =
    '  actions: [{id: a, type: run, run: {activity: checkConnectivity}}, {id: b, type: retry}, {id: c, type: escalate}]\n';
  expect(await lint(head('one') + looks)).toEqual([]);
  const undone = `  actions:
    - {id: a, type: run, run: {procedure: heal-disk}}
    - {id: b, type: run, run: {command: [stop]}, compensate: {command: [start]}}
    - {id: c, type: run, run: {http: {method: GET, url: 'http://127.0.0.1/health'}}}
    - {id: d, type: retry}
    - {id: e, type: escalate}
`;
  expect(await lint(head('one') + undone)).toEqual([]);
});

it('finds a name that is taken, in another file too', async () => {
  const text = `${head('one')}  actions: [{id: a, type: retry}, {id: b, type: escalate}]\n`;
  await writeFile(path.join(folder, 'b.yaml'), text);
  expect(await lint(text)).toEqual(['3:18 error name-taken']);
});

it('refuses a path that leads nowhere', async () => {
  await expect(lintDefinitions([path.join(folder, 'nowhere')], isIrreversible)).rejects.toMatchObject({
    code: 'playbook-invalid',
  });
});
