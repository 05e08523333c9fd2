import { describe, expect, it } from 'vitest';
import { loadPlaybooks } from '../../../src/config/load-playbooks.ts';
import { UNDO_MARKS, totalCoverage, undoCoverage } from '../../../src/planner/undo-coverage.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';

function coverageOf(...actions: string[]) {
  const list = actions.map((action, index) => `    - {id: a${index}, ${action}}\n`).join('');
  const [playbook] = parsePlaybooks(
    `apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: p}\nspec:\n  match: [{code: A}]\n  actions:\n${list}`,
  );
  if (!playbook) throw new Error('no playbook');
  return undoCoverage(playbook);
}

describe('what can be undone', () => {
  it.each([
    ['type: retry', 'reversible', false],
    ['type: wait, for: 1s', 'reversible', false],
    ['type: escalate', 'reversible', false],
    ['type: abort', 'reversible', false],
    ['type: skip', 'reversible', false],
    ['type: manual', 'reversible', false],
    ['type: manual, compensate: {activity: noop}', 'compensated', true],
    ['type: rollback', 'reversible', true],
    ['type: run, run: {activity: readGitStatus}', 'reversible', false],
    ['type: run, run: {activity: checkout}', 'irreversible', true],
    ['type: run, run: {procedure: verify}', 'reversible', false],
    ['type: run, run: {procedure: heal-cpu}', 'compensated', true],
    ['type: run, run: {procedure: heal-memory}', 'irreversible', true],
    ['type: run, run: {procedure: of-its-own}', 'irreversible', true],
    ['type: run, run: {command: [make, clean]}', 'irreversible', true],
    ['type: run, run: {command: [make, clean]}, compensate: {command: [make]}', 'compensated', true],
    ['type: run, run: {http: {method: GET, url: "http://a.test"}}', 'reversible', false],
    ['type: run, run: {http: {method: POST, url: "http://a.test"}}', 'irreversible', true],
  ])('%s is %s', (action, undo, changes) => {
    const [marked] = coverageOf(action).actions;
    expect(marked).toMatchObject({ undo, changes });
    expect(marked?.why).not.toBe('');
  });

  it('is a share of what changes something', () => {
    const half = coverageOf('type: rollback', 'type: run, run: {command: [a]}', 'type: retry');
    expect(half).toMatchObject({ changing: 2, undoable: 1, percent: 50 });
    const none = coverageOf('type: retry', 'type: escalate');
    expect(none).toMatchObject({ changing: 0, percent: 100 });
    expect(totalCoverage([half, none])).toEqual({ changing: 2, undoable: 1, percent: 50 });
  });

  it('is stated of every action of the built-in playbooks', async () => {
    for (const playbook of await loadPlaybooks()) {
      const { actions, percent } = undoCoverage(playbook);
      expect(actions.map(({ id }) => id)).toEqual(playbook.document.spec.actions.map(({ id }) => id));
      for (const { undo } of actions) expect(UNDO_MARKS).toContain(undo);
      expect(percent).toBeGreaterThanOrEqual(0);
    }
  });
});
