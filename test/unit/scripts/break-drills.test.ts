import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { parseAllDocuments } from 'yaml';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BREAKS, breakPlaybook, type PlaybookDocument } from '../../../scripts/lib/broken-playbooks.ts';
import { concerns, mutantsOf, outcomeOf, planRounds, type Ended } from '../../../scripts/lib/drill-mutants.ts';
import { inRoot } from '../../../scripts/lib/paths.mjs';
import { findDrills } from '../../../src/config/load-drills.ts';
import { PlaybookSchema } from '../../../src/domain/playbook.schema.ts';

async function builtIn(): Promise<PlaybookDocument[]> {
  const files = await glob('*.yaml', { cwd: inRoot('playbooks'), absolute: true });
  const read = files.map(async (file) =>
    parseAllDocuments(await readFile(file, 'utf8')).map((one) => one.toJS() as PlaybookDocument | null),
  );
  return (await Promise.all(read)).flat().filter((document) => document !== null);
}

const NOTHING = { kind: 'command', argv: ['true'] };
const playbook: PlaybookDocument = {
  metadata: { name: 'mends' },
  spec: {
    actions: [
      { id: 'stop', type: 'run', run: { procedure: 'stop' }, optional: true, success: [{ name: 'stopped' }] },
      { id: 'back', type: 'rollback', to: 'latest' },
      { id: 'again', type: 'resume', from: 'latest' },
      { id: 'by-hand', type: 'manual', title: 'Look' },
      { id: 'retry', type: 'retry', procedure: 'verify', breaker: 'api', lastResort: true },
      { id: 'skip', type: 'skip' },
    ],
    verify: { within: '10s' },
  },
};
const broken = (how: (typeof BREAKS)[number], dropped?: Map<string, string>) =>
  breakPlaybook(playbook, how, dropped).spec;
const ids = ({ actions }: PlaybookDocument['spec']) => actions.map(({ id }) => id);
const ended = (verdict: Ended['verdict'], more: Partial<Ended> = {}): Ended => ({
  name: 'one',
  verdict,
  problems: [],
  ...more,
});

describe('a broken playbook', () => {
  it.each(BREAKS)('is one that can be loaded, for each of the built-in ones: %s', async (how) => {
    const documents = await builtIn();
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) {
      const made = breakPlaybook(document, how);
      expect(PlaybookSchema.safeParse(made).error?.message, made.metadata.name).toBeUndefined();
      expect(made.spec.actions.map(({ type }) => type)).toContain('escalate');
    }
  });
  it('that lies keeps names and order, resolves where the right one does, and does nothing', () => {
    const { actions, verify } = broken('lie');
    expect(actions).toEqual([
      { id: 'stop', type: 'run', run: { command: ['true'] }, optional: true },
      { id: 'back', type: 'run', run: { command: ['true'] } },
      { id: 'again', type: 'retry', operation: NOTHING },
      { id: 'by-hand', type: 'run', run: { command: ['true'] } },
      { id: 'retry', type: 'retry', operation: NOTHING, lastResort: true },
      { id: 'skip', type: 'skip' },
      { id: 'call-a-person', type: 'escalate', to: ['oncall'] },
    ]);
    expect(verify).toEqual({ within: '10s' });
  });
  it('that is blind lies and gives the verification no time', () => {
    const { actions, verify } = broken('blind');
    expect(actions).toEqual(broken('lie').actions);
    expect(verify).toEqual({ within: '0s', holdFor: '0s' });
  });
  it('that keeps has undos that do nothing, and no more of them', () => {
    const actions = [
      { id: 'stop', type: 'run', run: { command: ['stop'] }, compensate: { command: ['start'] } },
      { id: 'cool', type: 'run', run: { procedure: 'heal-cpu' } },
      { id: 'free', type: 'run', run: { command: ['free'] } },
      { id: 'back', type: 'rollback', to: 'latest' },
    ];
    const kept = breakPlaybook({ ...playbook, spec: { ...playbook.spec, actions } }, 'keep').spec.actions;
    expect(kept.map(({ compensate }) => compensate)).toEqual([
      { command: ['true'] },
      { command: ['true'] },
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('is without one action, without all, or as it was', () => {
    expect(ids(broken('drop'))).toEqual(['call-a-person']);
    expect(ids(broken('drop-one', new Map([['mends', 'back']])))).not.toContain('back');
    expect(ids(broken('drop-one', new Map([['another', 'back']])))).toEqual(ids(broken('none')));
    expect(broken('none').actions.slice(0, -1)).toEqual(playbook.spec.actions);
    expect(broken('none').verify).toEqual(playbook.spec.verify);
  });
});

describe('what a drill says of a mutant', () => {
  it('is nothing when it was aborted, was invalid or was never run', () => {
    for (const how of BREAKS)
      for (const given of [ended('aborted'), ended('invalid'), undefined])
        expect(outcomeOf(how, given)).toBe('undecided');
  });
  it('is that it was caught only when it failed', () => {
    expect(outcomeOf('lie', ended('failed'))).toBe('caught');
    expect(outcomeOf('lie', ended('passed'))).toBe('survived');
  });
  it('has to be a pass where nothing is broken', () => {
    expect(outcomeOf('none', ended('passed'))).toBe('passed');
    expect(outcomeOf('none', ended('failed'))).toBe('undecided');
  });
});

describe('a kept effect', () => {
  it.each([
    ['keep', 1, true],
    ['keep', 0, false],
    ['lie', 0, true],
  ] as const)('%s concerns a drill that has undone %i actions: %s', (how, compensations, does) => {
    expect(concerns(how, ended('passed', { recovery: { compensations } }))).toBe(does);
  });
  it('concerns none that has not run', () => expect(concerns('keep', undefined)).toBe(false));
});

describe('mutants without one action', () => {
  it('are made of the playbook that the control run has used', () => {
    const controls = [ended('passed', { recovery: { playbook: 'mends' } })];
    const drills = [
      { name: 'one', actions: ['back', 'retry'] },
      { name: 'not run', actions: ['back'] },
    ];
    expect(mutantsOf(drills, controls)).toEqual([
      { drill: 'one', playbook: 'mends', action: 'back' },
      { drill: 'one', playbook: 'mends', action: 'retry' },
    ]);
  });
  it('share a round unless it takes another action of the same playbook', () => {
    const mutant = (drill: string, name: string, action: string) => ({ drill, playbook: name, action });
    const rounds = planRounds([
      mutant('a', 'p', 'x'),
      mutant('a', 'p', 'y'),
      mutant('b', 'p', 'x'),
      mutant('c', 'q', 'y'),
    ]);
    expect(rounds).toEqual([
      { dropped: new Map(Object.entries({ p: 'x', q: 'y' })), drills: ['a', 'b', 'c'] },
      { dropped: new Map([['p', 'y']]), drills: ['a'] },
    ]);
  });
});

describe('a broken build', () => {
  afterEach(() => vi.unstubAllEnvs());
  const HOOK: string = inRoot('scripts', 'lib', 'broken-build-hook.mjs');
  type Load = (url: string, context: object, next: () => Promise<{ source: string }>) => Promise<{ source: string }>;

  /** What the hook makes of a module, which is built from this file. */
  async function load(file: string, source?: string): Promise<string> {
    vi.resetModules();
    const { load: hook } = (await import(HOOK)) as { load: Load };
    const text = source ?? (await readFile(inRoot('src', file), 'utf8'));
    const loaded = await hook(`file:///any/dist/${file.replace('.ts', '.js')}`, {}, () =>
      Promise.resolve({ source: text }),
    );
    return loaded.source;
  }

  it('reads the playbooks of another folder and looks at no probe', async () => {
    vi.stubEnv('RERAIL_BROKEN_PLAYBOOKS', '/the/mutants');
    vi.stubEnv('RERAIL_BROKEN_BLIND', 'yes');
    expect(await load('config/load-playbooks.ts')).toContain('BUILTIN_PLAYBOOKS = "/the/mutants"');
    expect(await load('planner/build-plan.ts')).toContain('verify: { ...spec.verify, probes: [] }');
  });
  it('looks unless it is to be blind', async () => {
    vi.stubEnv('RERAIL_BROKEN_PLAYBOOKS', '/the/mutants');
    expect(await load('planner/build-plan.ts')).not.toContain('probes: []');
  });
  it('fails where the source is another than it knows', async () => {
    vi.stubEnv('RERAIL_BROKEN_BLIND', 'yes');
    await expect(load('planner/build-plan.ts', 'export {};')).rejects.toThrow('does not say');
  });
});

describe('built-in drills', () => {
  /** Its playbook's own retry is planned whatever the playbook says, and the root's actions have names of each run's own. */
  const BY_PROOF = ['cascade'];
  it('name what has to work', async () => {
    const silent = (await findDrills()).filter(({ spec }) => spec.expect.actions.length === 0);
    expect(silent.map(({ metadata }) => metadata.name)).toEqual(BY_PROOF);
  });
  it('name actions that their playbook has', async () => {
    const actions = new Map((await builtIn()).map(({ metadata, spec }) => [metadata.name, ids(spec)]));
    for (const { file, metadata, spec } of await findDrills()) {
      const known = actions.get(spec.playbook ?? '');
      if (known)
        expect(known, `${metadata.name} in ${path.basename(file)}`).toEqual(
          expect.arrayContaining(spec.expect.actions),
        );
    }
  });
});
