import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDefinitionSource, planRecovery } from '../../../src/activities/planning.ts';
import { LEDGER, runFailure, SUBJECT } from '../planner/plan-fixtures.ts';
import { cleanUpAfterEach, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
const book = (name: string): string =>
  `apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: ${name}}\nspec: {match: [{target: "*"}], actions: [{id: call, type: escalate}]}\n`;
const write = (file: string, text: string): void => writeFileSync(path.join(folder, file), text);

describe('createDefinitionSource', () => {
  const names = async (source: ReturnType<typeof createDefinitionSource>) =>
    (await source()).playbooks.filter((playbook) => playbook.source === 'user').map(({ name }) => name);

  test('reads once while nothing changes', async () => {
    write('a.yaml', book('one'));
    const source = createDefinitionSource([folder]);
    const first = await source();
    expect(await source()).toBe(first);
    const builtin = createDefinitionSource([]);
    expect(await builtin()).toBe(await builtin());
  });

  test('reads again after a change, a new file, a rename and a removal', async () => {
    write('a.yaml', book('one'));
    const source = createDefinitionSource([folder]);
    expect(await names(source)).toEqual(['one']);
    write('a.yaml', book('changed'));
    expect(await names(source)).toEqual(['changed']);
    mkdirSync(path.join(folder, 'deep'));
    write('deep/b.yml', book('two'));
    expect(await names(source)).toEqual(['changed', 'two']);
    rmSync(path.join(folder, 'a.yaml'));
    expect(await names(source)).toEqual(['two']);
  });

  test('refuses while a file is broken and recovers when it is mended', async () => {
    write('a.yaml', book('one'));
    const source = createDefinitionSource([folder]);
    await source();
    write('a.yaml', 'spec: [');
    for (let i = 0; i < 2; i++) await expect(source()).rejects.toMatchObject({ code: 'playbook-invalid' });
    write('a.yaml', book('mended'));
    expect(await names(source)).toEqual(['mended']);
  });

  test('recovers when a folder that was missing is there', async () => {
    const missing = path.join(folder, 'later');
    const source = createDefinitionSource([missing]);
    await expect(source()).rejects.toMatchObject({ code: 'playbook-invalid' });
    mkdirSync(missing);
    write('later/a.yaml', book('late'));
    expect(await names(source)).toEqual(['late']);
  });

  test('answers many who ask at once', async () => {
    write('a.yaml', book('one'));
    const source = createDefinitionSource([folder]);
    const all = await Promise.all(Array.from({ length: 5 }, () => names(source)));
    expect(all).toEqual(Array.from({ length: 5 }, () => ['one']));
  });
});

describe('planRecovery', () => {
  const asked: string[] = [];
  const deps = {
    definitions: createDefinitionSource([]),
    listCheckpoints: (subject: string) => {
      asked.push(subject);
      return Promise.resolve(LEDGER);
    },
    defaultHost: 'h',
  };
  beforeEach(() => {
    asked.length = 0;
  });

  test('reads the subject’s ledger and gives each plan a name of its own and an equal hash', async () => {
    const request = { failure: runFailure(3, { type: 'git' }) };
    const [one, two] = await Promise.all([planRecovery(request, deps), planRecovery(request, deps)]);
    expect(asked).toEqual([SUBJECT, SUBJECT]);
    expect(one.plan.actions.some(({ type }) => type === 'rollback')).toBe(true);
    expect(one.plan.id).toMatch(/^plan_[0-9a-f-]{36}$/);
    expect(two.plan.id).not.toBe(one.plan.id);
    expect(two.plan.hash).toBe(one.plan.hash);
  });

  test('asks no ledger without a subject', async () => {
    const { subject: _subject, ...given } = runFailure(3, { type: 'git' });
    await planRecovery({ failure: given }, deps);
    expect(asked).toEqual([]);
  });

  test('takes the playbook that is asked for by name, or says which there are', async () => {
    expect((await planRecovery({ failure: runFailure(3), playbook: 'git-docs' }, deps)).plan.playbook.name).toBe(
      'git-docs',
    );
    await expect(planRecovery({ failure: runFailure(3), playbook: 'nope' }, deps)).rejects.toMatchObject({
      code: 'unknown-playbook',
      remedy: expect.stringContaining('git-docs'),
    });
  });
});
