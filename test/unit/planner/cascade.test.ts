import { beforeAll, describe, expect, test } from 'vitest';
import { loadDefinitions, type Definitions } from '../../../src/config/load-playbooks.ts';
import type { LoadedComponent } from '../../../src/domain/component.ts';
import type { FailureInput } from '../../../src/domain/failure.ts';
import { PlanSchema } from '../../../src/domain/plan.schema.ts';
import { findRootCause } from '../../../src/planner/find-root-cause.ts';
import { hashPlan } from '../../../src/planner/hash-plan.ts';
import { failure, planFor, runFailure, sha256 } from './plan-fixtures.ts';

let definitions: Definitions;
beforeAll(async () => {
  definitions = await loadDefinitions(['examples/components']);
});

const part = (name: string, ...dependsOn: string[]): LoadedComponent => ({
  name,
  file: 'c.yaml',
  spec: { dependsOn, probes: [], procedures: {} },
});
const down = (component: string) => ({ component, message: `${component} is down` });

describe('findRootCause', () => {
  const chain = [part('link'), part('module', 'link'), part('gate', 'module')];
  const root = (graph: LoadedComponent[], given: Partial<FailureInput>) => findRootCause(failure(given), graph);

  test('link, then module, then quality gate: the link', () => {
    const found = root(chain, { component: 'gate', related: [down('module'), down('link')] });
    expect(found).toMatchObject({ component: { name: 'link' }, path: ['gate', 'module', 'link'] });
    expect(found?.reason).toBe(
      'gate needs module needs link, and of these link is the one that fails without a failing dependency',
    );
  });

  test('passes a part in between that nobody reported', () => {
    expect(root(chain, { component: 'gate', related: [down('link')] })?.component.name).toBe('link');
  });

  test('stops at the deepest part that fails', () => {
    expect(root(chain, { component: 'gate', related: [down('module')] })?.component.name).toBe('module');
  });

  test.each([
    ['nothing else fails', { component: 'gate' }],
    [
      'what else fails needs it, not the other way round',
      { component: 'link', related: [down('module'), down('gate')] },
    ],
    ['its component is unknown', { component: 'other', related: [down('link')] }],
    ['the others are unknown', { component: 'gate', related: [down('elsewhere')] }],
  ] as [string, Partial<FailureInput>][])('finds none where %s', (_what, given) => {
    expect(root(chain, given)).toBeUndefined();
  });

  test('of several roots takes the first and names the others', () => {
    const graph = [part('a'), part('b'), part('app', 'a', 'b')];
    const found = root(graph, { component: 'app', related: [down('b'), down('a')] });
    expect(found?.component.name).toBe('a');
    expect(found?.reason).toContain('b failed as well');
  });

  test('looks at a part that two others need only once', () => {
    const graph = [part('base'), part('l', 'base'), part('r', 'base'), part('app', 'l', 'r')];
    expect(root(graph, { component: 'app', related: [down('base')] })?.path).toEqual(['app', 'l', 'base']);
  });

  test('knows parts by their targets', () => {
    const graph = chain.map((item) => ({ ...item, spec: { ...item.spec, target: `part/${item.name}` } }));
    const given = { target: 'part/gate', related: [{ target: 'part/link', message: 'm' }] };
    expect(root(graph, given)?.component.name).toBe('link');
  });
});

describe('the plan of a cascade', () => {
  const plan = (given: Partial<FailureInput> = {}, options = {}) =>
    planFor(
      runFailure(3, {
        type: 'quality_gate',
        component: 'quality-gate',
        related: [
          { component: 'module', message: 'modules do not load', type: 'module' },
          { component: 'link', message: 'a link is broken', type: 'link' },
        ],
        ...given,
      }),
      definitions.playbooks,
      { components: definitions.components, ...options },
    ).plan;

  test('mends the root first, then tries once more what was reported', () => {
    const made = plan();
    expect(made.rootCause).toEqual({
      component: 'link',
      target: 'component/link',
      playbook: 'component-link-cascade',
      reason: expect.stringContaining('quality-gate needs module needs link'),
    });
    expect(made.playbook.name).toBe('quality-gate-standard');
    expect(made.actions.map(({ id, type }) => `${id} ${type}`)).toEqual([
      'link-find-broken-links run',
      'link-restore-links run',
      'link-verify-links run',
      'run-gate-again retry',
      'escalate escalate',
    ]);
    expect(made.actions.map(({ order }) => order)).toEqual([1, 2, 3, 4, 5]);
    expect(made.actions[0]).toMatchObject({ operation: { workspace: '/work/web', host: 'build-1' } });
  });

  test('works where the reported failure does, when the root says nothing of its own', () => {
    const operation = { kind: 'command' as const, argv: ['gate'], workspace: '/work/web' };
    expect(plan({ run: undefined, operation }).actions[0]).toMatchObject({ operation: { workspace: '/work/web' } });
    expect(plan({ run: undefined, workspace: '/srv/web' }).actions[0]).toMatchObject({
      operation: { workspace: '/srv/web' },
    });
  });

  test('is a valid plan with its own hash, and says what it left out', () => {
    const made = plan();
    expect(PlanSchema.parse(made)).toBeTruthy();
    const { hash, ...rest } = made;
    expect(hashPlan(rest, sha256)).toBe(hash);
    expect(plan().hash).toBe(hash);
    expect(made.reasons.join('\n')).toContain('the root cause is link');
    expect(made.reasons.join('\n')).toContain('left out, since the root cause is treated instead: fix, verify-gate');
  });

  test('what the root may run again is a step that does not end the recovery', () => {
    const operation = { kind: 'command' as const, argv: ['relink'] };
    const made = plan({ related: [{ component: 'link', type: 'link', message: 'm', operation }] });
    expect(made.actions.find(({ id }) => id === 'link-retry')).toMatchObject({
      type: 'run',
      operation: { argv: ['relink'] },
    });
    expect(made.actions.filter(({ type }) => type === 'retry')).toHaveLength(1);
    expect(made.actions.filter(({ type }) => type === 'escalate')).toHaveLength(1);
  });

  test('templates follow the outputs to their new ids', () => {
    const text = { command: ['x', '{{ actions.find-broken-links.output.stdout }}'] };
    const components = definitions.components.map((item) =>
      item.name === 'link'
        ? { ...item, spec: { ...item.spec, procedures: { ...item.spec.procedures, 'restore-links': text } } }
        : item,
    );
    expect(plan({}, { components }).actions[1]).toMatchObject({
      operation: { argv: ['x', '{{ actions.link-find-broken-links.output.stdout }}'] },
    });
  });

  test('without a cascade the plan keeps its form and hash', () => {
    const alone = plan({ related: undefined });
    expect(alone).not.toHaveProperty('rootCause');
    const related = [{ component: 'nobody', message: 'm' }];
    expect(plan({ related }).hash).toBe(alone.hash);
  });

  test('a playbook that was asked for by name is carried out as it is', () => {
    expect(plan({}, { playbook: 'git-docs' })).not.toHaveProperty('rootCause');
  });
});
