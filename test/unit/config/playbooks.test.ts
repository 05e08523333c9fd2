import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPlaybook } from '../../../src/config/check-definition.ts';
import { BUILTIN_PLAYBOOKS, loadPlaybookFile, loadPlaybooks } from '../../../src/config/load-playbooks.ts';
import { parseYaml, readYaml } from '../../../src/config/parse-yaml.ts';
import { RerailError } from '../../../src/domain/errors.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-playbooks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const book = (name: string, actions = '[{id: call, type: escalate}]', match = '[{category: TRANSIENT}]'): string =>
  `apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: ${name}}\nspec:\n  match: ${match}\n  actions: ${actions}\n`;

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function refused(work: Promise<unknown> | (() => unknown)): Promise<RerailError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    expect(error).toBeInstanceOf(RerailError);
    expect(error).toMatchObject({ code: 'playbook-invalid', nonRetryable: true });
    return error as RerailError;
  }
  throw new Error('it was taken');
}

describe('parseYaml', () => {
  const parse = (text: string) => parseYaml(text, 'f.yaml', 'playbook-invalid');

  test('gives every document with the places of its values', () => {
    const [first, second] = parse('# note\na:\n  - b: 1\n---\nc: 2\n');
    expect(first?.value).toEqual({ a: [{ b: 1 }] });
    expect(first?.locate(['a', 0, 'b'])).toBe('f.yaml:3:8');
    expect(second?.value).toEqual({ c: 2 });
    expect(second?.locate(['c'])).toBe('f.yaml:5:4');
  });

  test('places what is missing at its nearest ancestor', () => {
    const [document] = parse('a:\n  b:\n    c: 1\n');
    expect(document?.locate(['a', 'b', 'nope', 'deeper'])).toBe('f.yaml:3:5');
    expect(document?.locate(['nope'])).toBe('f.yaml:1:1');
  });

  test.each([
    ['a bracket that is never closed', 'a: [1, 2\nb: 3\n', 'f.yaml:2:1'],
    ['a tab for indentation', 'a:\n\tb: 1\n', 'f.yaml:2:1'],
    ['a key that is there twice', 'a: 1\nb: 2\na: 3\n', 'f.yaml:3:1'],
    ['a value in the wrong place', 'a: b: c\n', 'f.yaml:1:4'],
    ['a second document that is broken', 'a: 1\n---\nb: "x\n', 'f.yaml:4:1'],
  ])('names line and column of %s', async (_what, text, place) => {
    expect((await refused(() => parse(text))).message).toContain(`${place}: `);
  });

  test.each([
    ['an alias without an anchor', 'a: *nope\n', 'Unresolved alias'],
    [
      'a heap of aliases',
      `a: &a [1,1,1,1,1]\n${['b', 'c', 'd'].map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abc'[index]}`).join(',')}]\n`).join('')}`,
      'Excessive alias count',
    ],
  ])('refuses %s', async (_what, text, message) => {
    expect((await refused(() => parse(text))).message).toContain(message);
  });

  test('nothing at all holds no value', () => {
    expect(parse('').filter(({ value }) => value !== null)).toEqual([]);
    expect(parse('# only a note\n').filter(({ value }) => value !== null)).toEqual([]);
  });

  test('a file that is not there is named', async () => {
    const file = path.join(folder, 'none.yaml');
    expect((await refused(readYaml(file, 'playbook-invalid'))).message).toBe(`${file}: there is no such file`);
    expect((await refused(readYaml(folder, 'playbook-invalid'))).message).toBe(`${folder}: it cannot be read (EISDIR)`);
  });
});

describe('loadPlaybookFile', () => {
  const load = async (text: string) => {
    const file = await write('a.yaml', text);
    const { message } = await refused(loadPlaybookFile(file, 'user'));
    return message.replaceAll(file, 'a.yaml').split('\n');
  };

  test('reads every document and passes over empty ones', async () => {
    const file = await write('a.yaml', `---\n# nothing\n---\n${book('one')}---\n${book('two')}`);
    expect((await loadPlaybookFile(file, 'user')).map(({ name, source }) => [name, source])).toEqual([
      ['one', 'user'],
      ['two', 'user'],
    ]);
  });

  test('places every problem at its line and column', async () => {
    expect(
      await load(
        book(
          'mine',
          '\n    - {id: a, type: skip, tiemout: 5s}\n    - {id: b, type: retry, timeout: 1h30m}\n    - {id: b, type: skip}',
        ),
      ),
    ).toEqual([
      'a.yaml:7:36: spec.actions.0.tiemout: Unrecognized key: "tiemout"',
      'a.yaml:8:37: spec.actions.1.timeout: "1h30m" is not a duration: write "90m"',
      'a.yaml:9:12: spec.actions.2.id: "b" is used twice',
    ]);
  });

  test('places what is missing at what it is missing from', async () => {
    expect(
      await load(
        'apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: mine}\nspec:\n  match: [{category: LOGIC}]\n',
      ),
    ).toEqual([expect.stringMatching(/^a\.yaml:5:3: spec\.actions: is missing/)]);
  });

  test('says what a document that is no mapping is', async () => {
    expect(await load('just text\n')).toEqual([
      expect.stringMatching(/^a\.yaml:1:1: document: Invalid input: expected object/),
    ]);
  });
});

describe('templates in a playbook', () => {
  const check = (actions: string) => {
    const [document] = parseYaml(book('mine', actions), 'f.yaml', 'playbook-invalid');
    if (!document) throw new Error('no document');
    return checkPlaybook(document, 'f.yaml', 'user');
  };

  test('a typed field may hold one: it is checked when the value is known', () => {
    const loaded = check(
      '[{id: a, type: retry, timeout: "{{ inputs.limit }}", retry: {maximumAttempts: "{{ inputs.n }}"}}]',
    );
    expect(loaded).toMatchObject({
      name: 'mine',
      match: [{ category: 'TRANSIENT' }],
      document: { spec: { actions: [{ timeout: '{{ inputs.limit }}' }] } },
    });
  });

  test('it excuses no other field', async () => {
    const { message } = await refused(() =>
      check('[{id: a, type: retry, timeout: "{{ inputs.limit }}", retry: {jitter: 7}}]'),
    );
    expect(message).toContain('spec.actions.0.retry.jitter');
    expect(message).not.toContain('timeout');
  });
});

describe('loadPlaybooks', () => {
  test('without folders gives the built-in ones, each with a unique name', async () => {
    const all = await loadPlaybooks();
    expect(all).toHaveLength(48);
    expect(new Set(all.map(({ name }) => name)).size).toBe(48);
    expect(
      all.every(
        ({ source, file, description }) => source === 'builtin' && file.startsWith(BUILTIN_PLAYBOOKS) && description,
      ),
    ).toBe(true);
  });

  test('gives the user’s first, by folder, file and document', async () => {
    await write('one/b.yaml', `${book('b1')}---\n${book('b2')}`);
    await write('one/a.yml', book('a1'));
    await write('one/deep/c.yaml', book('c1'));
    await write('one/notes.txt', 'no YAML: [');
    await write('two/0.yaml', book('z1'));
    const all = await loadPlaybooks([path.join(folder, 'one'), path.join(folder, 'two')]);
    expect(all.slice(0, 5).map(({ name, source }) => `${name} ${source}`)).toEqual([
      'a1 user',
      'b1 user',
      'b2 user',
      'c1 user',
      'z1 user',
    ]);
    expect(all).toHaveLength(53);
  });

  test('the user’s replaces a built-in one of the same name', async () => {
    await write('git.yaml', book('git-standard'));
    const all = await loadPlaybooks([folder]);
    expect(all.filter(({ name }) => name === 'git-standard').map(({ source }) => source)).toEqual(['user']);
    expect(all).toHaveLength(48);
  });

  test('refuses one name in two of the user’s files and names both', async () => {
    const first = await write('a.yaml', book('same'));
    const second = await write('b.yaml', book('same'));
    expect((await refused(loadPlaybooks([folder]))).message).toBe(
      `${second}: the playbook name "same" is also used in ${first}`,
    );
  });

  test('refuses one name twice in a file', async () => {
    const file = await write('a.yaml', `${book('same')}---\n${book('same')}`);
    expect((await refused(loadPlaybooks([folder]))).message).toBe(
      `${file}: the playbook name "same" is also used in ${file}`,
    );
  });

  test('one broken file spoils the load, with its place', async () => {
    await write('a.yaml', book('fine'));
    const broken = await write('b.yaml', 'spec: [\n');
    expect((await refused(loadPlaybooks([folder]))).message).toContain(`${broken}:2:1: `);
  });

  test('a folder that is not there is an error, an empty one is none', async () => {
    const none = path.join(folder, 'none');
    const error = await refused(loadPlaybooks([none]));
    expect(error).toMatchObject({
      message: `${none}: there is no such directory of playbooks`,
      remedy: expect.stringContaining('playbooksDir'),
    });
    expect(await loadPlaybooks([folder])).toHaveLength(48);
  });

  test('follows a link to a file', async () => {
    const real = await write('elsewhere/x.yaml', book('linked'));
    await mkdir(path.join(folder, 'mine'));
    await symlink(real, path.join(folder, 'mine/x.yaml'));
    expect((await loadPlaybooks([path.join(folder, 'mine')]))[0]?.name).toBe('linked');
  });
});
