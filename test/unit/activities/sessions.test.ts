import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { quoteWords } from '../../../src/activities/sessions/build-session.ts';
import { hasLayout, layoutGeometry } from '../../../src/activities/sessions/compare-layout.ts';
import { compareSession, describeDifferences } from '../../../src/activities/sessions/compare-session.ts';
import { exportTmuxp } from '../../../src/activities/sessions/export-tmuxp.ts';
import { createFindBaseline } from '../../../src/activities/sessions/find-baseline.ts';
import { readRows } from '../../../src/activities/sessions/read-rows.ts';
import { providerOfSession, subjectOfSession } from '../../../src/activities/sessions/session-names.ts';
import { literal, unescapeName } from '../../../src/activities/sessions/tmux.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { TargetSchema } from '../../../src/domain/names.schema.ts';
import type { PaneState, TerminalSession, WindowState } from '../../../src/domain/session.ts';
import { builtInProcedure } from '../../../src/planner/built-in-procedures.ts';
import { ComponentSpecSchema } from '../../../src/domain/component.schema.ts';
import type { CheckpointStore } from '../../../src/store/checkpoint-store.ts';

/** Tabs, quotes, line feeds, escapes, letters of all kinds; not the end of a record, which tmux never prints. */
const hostile = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\x1e'));
const plain = hostile.filter((text) => !text.includes('\x1f'));

it('reads back any record, whatever its last field holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(plain, plain, hostile)), (records) => {
      const printed = records.map((fields) => `${fields.join('\x1f')}\x1e\n`).join('');
      const rows = readRows(printed, ['a', 'b', 'c']);
      expect(rows).toEqual(records.map(([a, b, c]) => ({ a, b, c })));
    }),
  );
  expect(readRows('one\\037two\\036\n'.replace('\\036', '\x1e').replace('\\037', '\x1f'), ['a', 'b'])).toHaveLength(1);
  expect(() => readRows('no record\n', ['a'])).toThrow('in the place of a record');
});

it('makes a subject and a provider of any name, and different ones of different names', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }), (a, b) => {
      expect(TargetSchema.safeParse(subjectOfSession({ name: a, subject: undefined })).success).toBe(true);
      expect(providerOfSession(a)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
      expect(providerOfSession(a) === providerOfSession(b)).toBe(a === b);
    }),
  );
});

it('leaves tmux nothing to expand', () => {
  expect(literal('#{pid} #(id) ##')).toBe('##{pid} ##(id) ####');
  fc.assert(
    fc.property(hostile, (text) => {
      expect(literal(text)).not.toMatch(/(?<!#)(?:##)*#[{(]/);
    }),
  );
  expect(unescapeName(String.raw`a\tb\\c\037`)).toBe('a\tb\\c\x1f');
});

it('quotes words for a shell', () => {
  expect(quoteWords(['echo', "it's", '', '$(id)'])).toBe(String.raw`echo 'it'\''s' '' '$(id)'`);
});

const pane = (id: string, more: Partial<PaneState> = {}): PaneState => ({
  ...{ id, index: 0, active: true, pid: 1, tty: '/dev/pts/1', cwd: '/', title: '', command: 'sh', argv: ['sh'] },
  ...{ runs: 'shell', startCommand: '', dead: false, deadStatus: null, cursor: { x: 0, y: 0 }, alternateScreen: false },
  ...{ historySize: 0, historyLimit: 2000, scrollback: null },
  ...more,
});
const window = (id: string, index: number, panes: PaneState[], layout = 'aafd,120x40,0,0,0'): WindowState => ({
  ...{ id, index, name: id, active: true, layout, flags: '', zoomed: false, automaticRename: false },
  ...{ width: 120, height: 40, panes },
});
const session = (...windows: WindowState[]): TerminalSession => ({
  id: '$0',
  name: 's',
  group: '',
  attached: 0,
  windows,
});

it('compares layouts without pane numbers, and in a window of another size only their shape', () => {
  const captured = { layout: 'f91d,120x40,0,0{60x40,0,0,0,59x40,61,0,1}', width: 120, height: 40 };
  expect(layoutGeometry(captured.layout)).toBe('120x40,0,0{60x40,0,0,59x40,61,0}');
  expect(hasLayout({ ...captured, layout: '0000,120x40,0,0{60x40,0,0,7,59x40,61,0,9}' }, captured)).toBe(true);
  expect(hasLayout({ ...captured, layout: '0000,120x40,0,0{40x40,0,0,0,79x40,41,0,1}' }, captured)).toBe(false);
  const wide = { layout: '0000,200x50,0,0{100x50,0,0,0,99x50,101,0,1}', width: 200, height: 50 };
  expect(hasLayout(wide, captured)).toBe(true);
  expect(hasLayout({ ...wide, layout: '0000,200x50,0,0[200x25,0,0,0,200x24,0,26,1]' }, captured)).toBe(false);
});

it('finds what is missing, by id on the same server and by place on another one', () => {
  const server = { pid: 1, startTime: '1' };
  const captured = {
    session: session(window('@0', 0, [pane('%0'), pane('%1')]), window('@1', 1, [pane('%2')])),
    server,
  };
  expect(compareSession(captured, captured)).toEqual([]);
  const moved = { session: session(window('@0', 3, [pane('%1')]), window('@9', 0, [pane('%9')])), server };
  expect(describeDifferences(compareSession(captured, moved))).toEqual([
    'window 0 "@0" has 1 of 2 panes',
    'window 1 "@1" is missing',
  ]);
  expect(compareSession(captured, moved)[0]?.missing.map(({ id }) => id)).toEqual(['%0']);
  const other = {
    session: session(window('@5', 0, [pane('%7'), pane('%8', { dead: true })]), window('@6', 1, [pane('%9')])),
    server: { pid: 2, startTime: '2' },
  };
  expect(describeDifferences(compareSession(captured, other))).toEqual(['pane %8 of window 0 "@0" is dead']);
});

it('exports to tmuxp what a YAML parser reads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const made = session(window('@0', 2, [pane('%0', { argv: ['vim', name], runs: 'in-shell' })]));
      // tmuxp reads YAML 1.1, and takes a dollar before a name for a variable.
      const command = quoteWords(['vim', name]).replaceAll('$', "$$''");
      expect(parse(exportTmuxp({ ...made, name }), { version: '1.1' })).toMatchObject({
        session_name: name,
        windows: [{ window_index: 2, panes: [{ shell_command: [command] }] }],
      });
    }),
  );
});

it('gives a component with a session its procedures, with their undos', () => {
  const spec = ComponentSpecSchema.parse({ session: { name: 'agent' }, breaker: 'b' });
  const component = { name: 'agent', file: '', spec };
  expect(builtInProcedure('recreate-session', component)).toMatchObject({
    run: { activity: 'recreateSession', input: { session: { name: 'agent' } } },
    undo: { activity: 'undoSession' },
  });
  expect(builtInProcedure('save-session', component)?.undo).toBeUndefined();
  expect(builtInProcedure('reset-breaker', component)?.run.activity).toBe('resetBreaker');
  expect(builtInProcedure('recreate-session', { ...component, spec: ComponentSpecSchema.parse({}) })).toBeUndefined();
});

/** Checkpoints by age, newest first, and the ids whose manifests were read. */
function storeOf(checkpoints: { id: string; type: string; subject?: string; corrupt?: boolean }[]) {
  const read: string[] = [];
  const state = {
    ...{ schemaVersion: 1, tool: 'tmux', version: '3.3', socket: null, server: null, options: null },
    ...{ environment: {}, missing: [], transcripts: [], sessions: [session(window('@1', 0, [pane('%1')]))] },
  };
  const store = {
    list: () =>
      Promise.resolve(
        checkpoints.map(({ id }, age) => ({
          id,
          checksum: `sum-${id}`,
          createdAt: new Date(1e12 - age).toISOString(),
        })),
      ),
    manifest: (id: string) => {
      read.push(id);
      const found = checkpoints.find((one) => one.id === id);
      if (!found || found.corrupt) return Promise.reject(new RerailError('checkpoint-corrupt', `${id} is damaged`));
      const info = { subject: found.subject ?? 'session/build', type: found.type };
      return Promise.resolve({ info, parts: { system: {} } });
    },
    part: () => Promise.resolve({ tmux: { kind: 'session', state } }),
  };
  return { store: store as unknown as CheckpointStore, read };
}

const spec = { name: 'build', subject: 'session/build' };

it('finds the last good checkpoint of a session behind any number of broken ones, and reads each of those once', async () => {
  const broken = Array.from({ length: 120 }, (_, index) => ({ id: `b${index}`, type: 'recovery' }));
  const foreign = { id: 'foreign', type: 'manual', subject: 'session/other' };
  const { store, read } = storeOf([
    { id: 'damaged', type: 'manual', corrupt: true },
    ...broken,
    foreign,
    { id: 'good', type: 'manual' },
  ]);
  const find = createFindBaseline();
  expect(await find(store, spec)).toMatchObject({ checkpointId: 'good' });
  read.length = 0;
  expect(await find(store, spec)).toMatchObject({ checkpointId: 'good' });
  expect(read).toEqual(['damaged']);
});

it('takes a checkpoint of a recovery where there is nothing else, and tells what a ledger lists and cannot be read', async () => {
  const { store } = storeOf([
    { id: 'damaged', type: 'manual', corrupt: true },
    { id: 'newer', type: 'recovery' },
    { id: 'older', type: 'recovery' },
  ]);
  const find = createFindBaseline();
  expect(await find(store, spec)).toMatchObject({ checkpointId: 'newer' });
  const listed = (...ids: string[]) => find(store, spec, () => Promise.resolve(ids.map((id) => ({ id }))));
  expect(await listed('gone', 'older')).toMatchObject({ checkpointId: 'older' });
  await expect(listed('damaged', 'older')).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
  expect(await listed()).toBeUndefined();
});
