import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { stopChild, useCli } from '../support/cli.ts';

const cli = useCli();
let worker: ChildProcess;

beforeAll(async () => {
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

const words = (line: string): string[] => line.split(' ');
const json = <T>(line: string): Promise<T> => cli.json<T>(words(line));

interface Restored {
  plan: { hash: string; artifacts?: object[] };
  items: object[];
}

describe('the artifact commands', () => {
  it('save, list, get, activate and remove versions', async () => {
    const root = path.join(cli.root, 'shop');
    const subject = `cli/artifacts-${cli.unique}`;
    const file = path.join(root, 'dist/app');
    await mkdir(path.dirname(file), { recursive: true });
    const save = async (content: string, more = '') => {
      await writeFile(file, content);
      return json<{ version: string }>(`artifact save ${file} --subject ${subject} --root ${root}${more}`);
    };
    expect((await cli.rerail(words(`artifact list --subject ${subject}`))).stdout).toContain('no artifacts');
    expect(await save('one')).toMatchObject({ name: 'app', version: 'v1', storagePath: 'dist/app' });
    expect(await save('two', ' --type binary')).toMatchObject({ version: 'v2', type: 'binary' });
    const refused = await cli.rerail(words(`artifact save ${file} --subject ${subject} --root ${root} --at v1`));
    expect(refused.code).toBe(EXIT.invalid);
    expect(refused.stderr).toContain('Versions never change');
    expect(await json(`artifact list --subject ${subject}`)).toMatchObject([
      { name: 'app', type: 'binary', current: 'v2', versions: [{ version: 'v1' }, { version: 'v2' }] },
    ]);
    const copy = path.join(cli.root, 'copy');
    await json(`artifact get app --subject ${subject} --at v1 --to ${copy}`);
    expect(await readFile(copy, 'utf8')).toBe('one');
    const taken = await cli.rerail(words(`artifact get app --subject ${subject} --to ${copy}`));
    expect(taken).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(await readFile(copy, 'utf8')).toBe('one');
    expect((await cli.rerail(words(`artifact get nope --subject ${subject} --to ${copy}`))).code).toBe(EXIT.notFound);

    const activate = `artifact activate app --subject ${subject} --at v1`;
    expect((await cli.rerail(words(activate))).code).toBe(EXIT.approval);
    expect(await readFile(file, 'utf8')).toBe('two');
    expect(await json(`${activate} --yes`)).toEqual({ previousVersion: 'v2', version: 'v1' });
    expect(await readFile(file, 'utf8')).toBe('one');
    const remove = (version: string) =>
      cli.rerail(words(`artifact remove app --subject ${subject} --at ${version} --yes`));
    expect((await remove('v1')).code).toBe(EXIT.usage);
    expect((await remove('v2')).code).toBe(EXIT.done);
    expect((await cli.rerail(words(`artifact list --subject ${subject}`))).stdout).toContain('v1 (current)');
  });
});

describe('a run whose steps make artifacts', () => {
  it('saves them, records them in its checkpoints, and a restore and its undo go between the versions', async () => {
    const write = (text: string) =>
      `[node, -e, "fs.mkdirSync('dist',{recursive:true});fs.writeFileSync('dist/app','${text}')"]`;
    const made = 'artifacts: [{name: app, path: dist/app, type: binary}]';
    const phases = ['build', 'ship'].map(
      (name) => `    - {name: ${name}, steps: [{name: make, run: ${write(name)}, ${made}}]}\n`,
    );
    const text = cli.pipeline('artifacts', phases.join('')).replace('  phases:', "  exclude: ['dist/**']\n  phases:");
    const name = await cli.file('artifacts/pipeline.yaml', text);
    const { workflowId } = await json<{ workflowId: string }>(`run ${name} --key ${cli.unique}`);
    const file = path.join(path.dirname(name), 'dist/app');
    expect(await readFile(file, 'utf8')).toBe('ship');
    const current = async () =>
      (await json<{ current: string }[]>(`artifact list --subject ${workflowId}`)).map((artifact) => artifact.current);
    expect(await current()).toEqual(['v2']);

    const command = `restore phase:ship --subject ${workflowId}`;
    const preview = await json<Restored>(`${command} --dry-run`);
    expect(preview.plan.artifacts).toMatchObject([{ name: 'app', from: 'v2', to: 'v1' }]);
    expect((await cli.rerail(words(`${command} --dry-run`))).stdout).toContain('app: v2 → v1');
    const restored = await json<Restored>(`${command} --yes --plan-hash ${preview.plan.hash}`);
    expect(restored.items).toContainEqual(
      expect.objectContaining({ type: 'artifact', id: 'app', previousVersion: 'v2', restoredVersion: 'v1' }),
    );
    expect([await readFile(file, 'utf8'), await current()]).toEqual(['build', ['v1']]);
    await json(`undo --subject ${workflowId} --yes`);
    expect([await readFile(file, 'utf8'), await current()]).toEqual(['ship', ['v2']]);
    await json(`undo --subject ${workflowId} --yes`);
    expect([await readFile(file, 'utf8'), await current()]).toEqual(['build', ['v1']]);
  });

  it('fails where a step did not make what it said', async () => {
    const made = 'artifacts: [{name: app, path: dist/app}]';
    const phases = `    - {name: build, steps: [{name: make, run: [node, -e, ""], ${made}}]}\n`;
    const text = cli.pipeline('nothing', phases) + '  maxRecoveriesPerStep: 0\n';
    const name = await cli.file('nothing/pipeline.yaml', text);
    const ended = await cli.rerail(words(`run ${name} --key ${cli.unique}`));
    expect(ended.code).toBe(EXIT.unrecovered);
    expect(ended.stdout + ended.stderr).toContain('artifact app');
  });
});
