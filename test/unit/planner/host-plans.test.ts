import { beforeAll, describe, expect, test } from 'vitest';
import { planFailover } from '../../../src/activities/hosts/fail-over.ts';
import { loadDefinitions } from '../../../src/config/load-playbooks.ts';
import { ComponentSchema } from '../../../src/domain/component.schema.ts';
import { changeHost, newHostState } from '../../../src/domain/host.ts';
import { choosePlaybook } from '../../../src/planner/choose-playbook.ts';
import { classify } from '../../../src/planner/classify.ts';
import { makePlan } from '../../../src/planner/make-plan.ts';
import type { LoadedPlaybook } from '../../../src/domain/playbook.ts';
import { failure, sha256 } from './plan-fixtures.ts';

const lost = failure({
  ...{ target: 'host/build-1', message: 'its worker is away', type: 'network', code: 'host-lost', lane: 'standard' },
  labels: { host: 'build-1' },
});
const component = (spec: object) => ({
  ...{ name: 'build-1', file: 'hosts.yaml' },
  spec: ComponentSchema.parse({
    ...{ apiVersion: 'rerail/v1', kind: 'Component', metadata: { name: 'build-1' } },
    spec: { target: 'host/build-1', ...spec },
  }).spec,
});

let playbooks: readonly LoadedPlaybook[];
beforeAll(async () => {
  ({ playbooks } = await loadDefinitions([]));
});

const planFor = (components: ReturnType<typeof component>[], given = lost) =>
  makePlan({
    ...{ failure: given, playbooks, components, checkpoints: [], defaultHost: 'build-2', id: 'plan_1' },
    ...{ now: '2026-01-01T00:00:00.000Z', sha256 },
  }).plan;

describe('a host that is lost', () => {
  test('has a playbook that outranks those of the network, with a component or without', () => {
    for (const lane of ['docs', 'standard', 'heavy'] as const)
      for (const name of [undefined, 'build-1'])
        expect(
          choosePlaybook(
            { ...lost, lane },
            classify(lost),
            playbooks,
            name === undefined ? undefined : { name, spec: {} },
          )?.playbook.name,
        ).toBe('host-lost');
    expect(choosePlaybook({ ...lost, code: 'ECONNRESET' }, classify(lost), playbooks)?.playbook.name).toBe(
      'network-standard',
    );
  });

  test('is waited for, then failed over when a person says yes, with an undo', () => {
    const failover = { to: 'build-2', subjects: [{ subject: 'release/web', root: '/srv/web' }] };
    const { actions } = planFor([component({ host: { failover } })]);
    expect(actions.map(({ id }) => id)).toEqual(['wait', 'fail-over', 'escalate']);
    expect(actions[1]).toMatchObject({
      approval: { onTimeout: 'escalate' },
      compensation: { operation: { name: 'undoFailOver', input: { host: 'build-1' }, heartbeat: '10s' } },
      steps: [{ operation: { name: 'failOverHost', input: { host: 'build-1', failover }, heartbeat: '10s' } }],
    });
  });

  test('has a person called where nothing says where its subjects go', () => {
    for (const components of [[], [component({})]])
      expect(planFor(components).actions.map(({ id }) => id)).toEqual(['wait', 'escalate']);
    expect(() => component({ host: { failover: { to: 'build-2' } } })).toThrow('subjects or root');
    expect(() => component({ host: { failover: { to: 'build-2', root: '/' } } })).toThrow('must not be /');
  });
});

test('a CPU that is used up on a machine is healed by the playbook of machines', () => {
  const busy = failure({ target: 'machine/here', message: 'CPU 99 %', type: 'performance', component: 'here' });
  expect(choosePlaybook(busy, classify(busy), playbooks, { name: 'here', spec: {} })?.playbook.name).toBe(
    'machine-resources',
  );
  const machine = { cpu: { lower: [{ command: 'node' }] } };
  const here = { ...component({ machine }), name: 'here' };
  const { actions } = planFor([here], { ...busy, host: 'build-1' });
  expect(actions.map(({ id }) => id)).toEqual(['heal-cpu', 'escalate']);
  const place = { taskQueue: 'rerail-host-build-1', heartbeat: '5s' };
  const input = { machine: { name: 'here', cpu: { nice: 10, probe: { ignoreNice: true } } } };
  expect(actions[0]).toMatchObject({
    operation: { name: 'healCpu', input, ...place },
    compensation: { operation: { name: 'undoHealCpu', input, ...place } },
  });
});

test('each subject goes where the definition says, and what cannot go is named', () => {
  const one = { checkpoints: 1, latest: 'cp_1', latestAt: null, latestCopied: 'cp_1', replicated: true };
  const failover = { to: 'b', subjects: [{ subject: 'a/placed', root: '/srv/placed' }], root: undefined };
  const given = [
    { ...one, subject: 'a/placed' },
    { ...one, subject: 'a/other' },
  ];
  const idOf = (words: string): string => words;
  expect(planFailover({ host: 'a', failover }, given, idOf)).toEqual({
    moved: [{ subject: 'a/placed', checkpointId: 'cp_1', root: '/srv/placed', backupId: 'backup a/placed' }],
    left: [{ subject: 'a/other', reason: 'the definition gives it no directory' }],
  });
  const rooted = { ...failover, root: '/all' };
  expect(planFailover({ host: 'a', failover: rooted }, given, idOf).moved[1]).toMatchObject({ root: '/all/a/other' });
  const { left } = planFailover(
    { host: 'a', failover: rooted },
    [{ ...one, subject: 'a/other', latestCopied: null }],
    idOf,
  );
  expect(left.map(({ subject }) => subject)).toEqual(['a/other', 'a/placed']);
});

test('what happens to a host is kept: the first drain, the time a failover began, the last changes', () => {
  const by = { by: 'ada', reason: 'a test' };
  const failedOver = { to: 'b', recovery: 'r', state: 'begun' as const };
  let state = changeHost(newHostState(), { ...by, type: 'drain' }, 't1');
  state = changeHost(state, { by: 'eve', reason: 'later', type: 'drain' }, 't2');
  expect(state.drained).toEqual({ at: 't1', ...by });
  state = changeHost(state, { ...by, type: 'failOver', failedOver, moved: [] }, 't3');
  state = changeHost(state, { ...by, type: 'failOver', failedOver: { ...failedOver, state: 'done' }, moved: [] }, 't4');
  expect(state.failedOver).toEqual({ ...failedOver, state: 'done', at: 't3' });
  state = changeHost(state, { ...by, type: 'undrain' }, 't5');
  expect([state.drained, state.failedOver]).toEqual([null, null]);
  for (let time = 0; time < 30; time++) state = changeHost(state, { ...by, type: 'drain' }, `t${time}`);
  expect(state.changes).toHaveLength(20);
});

test('a component of a machine has the playbook of machines wherever its failure was reported', () => {
  const full = failure({
    target: 'release/web',
    message: 'no space left',
    type: 'resource_exhaustion',
    component: 'db',
  });
  const chosen = (target: string | undefined) =>
    choosePlaybook(full, classify(full), playbooks, { name: 'db', spec: { target } })?.playbook.name;
  expect(chosen('machine/db-1')).toBe('machine-resources');
  expect(chosen(undefined)).toBe('resource-exhaustion-standard');
});
