import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPipeline, staysInside } from '../../../src/config/load-pipeline.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-pipeline-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pipe = (step = '{name: unit, run: [npm, test]}', spec = ''): string =>
  `apiVersion: rerail/v1\nkind: Pipeline\nmetadata: {name: web}\nspec:\n  ${spec || 'lane: docs'}\n  phases:\n    - name: test\n      steps:\n        - ${step}\n`;

async function load(text: string, options = {}) {
  const file = path.join(folder, 'p.yaml');
  await writeFile(file, text);
  return loadPipeline(file, options);
}

async function refused(text: string, code = 'pipeline-invalid') {
  const error = await load(text).then(
    () => new Error('it was taken'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code, nonRetryable: true, remedy: expect.stringMatching(/\.$/) });
  return (error as Error).message.replaceAll(path.join(folder, 'p.yaml'), 'p.yaml').replaceAll(folder, '/F');
}

describe('loadPipeline', () => {
  test('gives the pipeline, its file and the workspace without links', async () => {
    await mkdir(path.join(folder, 'real'));
    await symlink('real', path.join(folder, 'linked'));
    const loaded = await load(pipe(undefined, 'workspace: linked'));
    expect(loaded).toMatchObject({
      file: path.join(folder, 'p.yaml'),
      workspace: path.join(folder, 'real'),
      pipeline: { metadata: { name: 'web' } },
    });
  });

  test('the workspace is relative to the file and by default beside it; an option goes before it', async () => {
    await mkdir(path.join(folder, 'w'));
    expect((await load(pipe())).workspace).toBe(folder);
    expect((await load(pipe(), { workspace: path.join(folder, 'w') })).workspace).toBe(path.join(folder, 'w'));
  });

  test.each([
    ['an empty file', '', 'p.yaml is empty'],
    ['a file of comments', '# nothing\n', 'p.yaml is empty'],
    ['two documents', `${pipe()}---\n${pipe()}`, 'p.yaml holds 2 documents'],
  ])('refuses %s', async (_what, text, message) => {
    expect(await refused(text)).toBe(message);
  });

  test('takes one document beside empty ones', async () => {
    expect((await load(`---\n# note\n---\n${pipe()}---\n`)).pipeline.metadata.name).toBe('web');
  });

  test('refuses malformed YAML with line and column', async () => {
    expect(await refused('spec:\n  phases: [\n')).toMatch(/^p\.yaml:3:1: /);
    expect(await refused('a: 1\na: 2\n')).toMatch(/^p\.yaml:2:1: Map keys must be unique/);
  });

  test('places a wrong field at its line and column', async () => {
    expect(await refused(pipe('{name: unit, run: [npm, test], timeout: 1h30m}'))).toBe(
      'p.yaml:9:51: spec.phases.0.steps.0.timeout: "1h30m" is not a duration: write "90m"',
    );
    expect(await refused(pipe('{name: unit, run: [npm, test], timeut: 5m}'))).toBe(
      'p.yaml:9:50: spec.phases.0.steps.0.timeut: Unrecognized key: "timeut"',
    );
  });

  test('refuses a playbook', async () => {
    expect(await refused(pipe().replace('Pipeline', 'Playbook'))).toMatch(
      /^p\.yaml:2:7: kind: Invalid input: expected "Pipeline"/,
    );
  });

  test('refuses a workspace that is not there or is a file', async () => {
    expect(await refused(pipe(undefined, 'workspace: none'))).toBe(
      'p.yaml: spec.workspace: /F/none cannot be used (ENOENT)',
    );
    expect(await refused(pipe(undefined, 'workspace: p.yaml'))).toBe(
      'p.yaml: spec.workspace: p.yaml is not a directory',
    );
  });

  test('refuses a working directory that leaves the workspace, with its place', async () => {
    const message = await refused(pipe('{name: unit, run: [ls], cwd: a/../../b}'), 'path-outside-workspace');
    expect(message).toBe('p.yaml:9:40: cwd of step unit: "a/../../b" leaves the workspace');
  });

  test('refuses a file that is not there', async () => {
    await expect(loadPipeline(path.join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'pipeline-invalid',
      message: expect.stringContaining('there is no such file'),
    });
  });
});

test.each([
  ['.', true],
  ['', true],
  ['a/b', true],
  ['a/../b', true],
  ['..a', true],
  ['a/..', true],
  ['..', false],
  ['../a', false],
  ['a/../../b', false],
  ['/etc', false],
])('staysInside(%j) is %s', (relative, expected) => {
  expect(staysInside(relative)).toBe(expected);
});
