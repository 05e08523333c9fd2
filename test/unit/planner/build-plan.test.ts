import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlaybooks } from '../../../src/config/load-playbooks.ts';
import {
  CATEGORIES,
  LANES,
  PIPELINE_FAILURE_TYPES,
  SEVERITIES,
  type FailureInput,
} from '../../../src/domain/failure.ts';
import type { Operation } from '../../../src/domain/operation.ts';
import { PlanSchema } from '../../../src/domain/plan.schema.ts';
import { namesPlan, shortHash, type Plan } from '../../../src/domain/plan.ts';
import { PlaybookSchema } from '../../../src/domain/playbook.schema.ts';
import type { LoadedPlaybook } from '../../../src/domain/playbook.ts';
import { hashPlan } from '../../../src/planner/hash-plan.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';
import {
  checkpointId,
  failure,
  HOST,
  LEDGER,
  planFor,
  runFailure,
  sha256,
  SUBJECT,
  WORKSPACE,
} from './plan-fixtures.ts';

let builtin: LoadedPlaybook[];
beforeAll(async () => {
  builtin = await loadPlaybooks([]);
});

interface Given {
  actions: string;
  spec?: string;
}

/** A playbook that fits every failure. */
function playbook({ actions, spec = '' }: Given): LoadedPlaybook[] {
  return parsePlaybooks(`
apiVersion: rerail/v1
kind: Playbook
metadata: {name: mine}
spec:
  match: [{target: "*"}]
  ${spec}
  actions: [${actions}]
`);
}

const SHIP: Operation = { kind: 'command', argv: ['ship'] };

const actionOf = (plan: Plan, id: string) => plan.actions.find((action) => action.id === id);
const leftOut = (plan: Plan): string[] => plan.reasons.filter((reason) => reason.includes('is left out'));

describe('skip', () => {
  const skip = { actions: '{id: skip, type: skip}, {id: call, type: escalate}' };

  test('stays for an optional step', () => {
    expect(planFor(runFailure(3, {}, true), playbook(skip)).plan.actions.map(({ id }) => id)).toEqual(['skip', 'call']);
  });

  test('is left out for a step that is not, with the reason', () => {
    const { plan } = planFor(runFailure(3), playbook(skip));
    expect(plan.actions.map(({ id, order }) => [id, order])).toEqual([['call', 1]]);
    expect(leftOut(plan)).toEqual([
      'action skip (skip) is left out: step unit is not optional and nobody is asked to approve leaving it out',
    ]);
  });

  test.each(['approval: {required: 1}', 'mode: propose'])('stays for it with "%s", since a person approves', (spec) => {
    const { plan } = planFor(runFailure(3), playbook({ ...skip, spec }));
    expect(plan.actions.map(({ id }) => id)).toEqual(['skip', 'call']);
    expect(plan.requiresApproval).toBe(true);
    expect(plan.approval).toMatchObject({ required: 1, timeout: '30m', onTimeout: 'escalate' });
  });

  test('stays for an operation that is no step of a run', () => {
    const { plan } = planFor(failure({ operation: SHIP }), playbook(skip));
    expect(actionOf(plan, 'skip')).toMatchObject({ title: 'Skip release/web' });
  });

  test('is left out where nothing is known that could be: the call would never come', () => {
    const { plan } = planFor(failure(), playbook(skip));
    expect(plan.actions.map(({ id }) => id)).toEqual(['call']);
    expect(leftOut(plan)).toEqual([
      'action skip (skip) is left out: the failure names no step and no operation that could be left out',
    ]);
  });

  test('stays for it where a person approves', () => {
    const { plan } = planFor(failure(), playbook({ ...skip, spec: 'approval: {required: 1}' }));
    expect(plan.actions.map(({ id }) => id)).toEqual(['skip', 'call']);
  });
});

describe('rollback and resume', () => {
  const both = {
    actions: '{id: back, type: rollback, to: latest}, {id: on, type: resume}, {id: call, type: escalate}',
  };

  test('name the checkpoint, its host and its subject', () => {
    const { plan } = planFor(runFailure(3), playbook(both));
    const place = { checkpointId: checkpointId('afterlint'), subject: SUBJECT, host: HOST };
    expect(actionOf(plan, 'back')).toMatchObject({
      ...place,
      title: `Roll back to afterlint (${checkpointId('afterlint')})`,
      required: false,
    });
    expect(actionOf(plan, 'on')).toMatchObject({ ...place, title: 'Resume from checkpoint: unit' });
  });

  test('are left out without checkpoints, with the reason', () => {
    const { plan } = planFor(runFailure(3), playbook(both), { checkpoints: [] });
    expect(plan.actions.map(({ id }) => id)).toEqual(['call']);
    expect(leftOut(plan)).toEqual([
      `action back (rollback) is left out: ${SUBJECT} has no valid checkpoint to go back to`,
      `action on (resume) is left out: ${SUBJECT} has no valid checkpoint to go back to`,
    ]);
  });

  test('are left out without a subject, with the reason', () => {
    const { plan } = planFor(failure(), playbook(both));
    expect(plan.actions.map(({ id }) => id)).toEqual(['call']);
    expect(leftOut(plan)[0]).toContain('the failure names no subject');
  });

  test('a resume is left out where nothing could be run again', () => {
    const { plan } = planFor(failure({ subject: SUBJECT }), playbook(both));
    expect(plan.actions.map(({ id }) => id)).toEqual(['back', 'call']);
    expect(leftOut(plan)).toEqual([
      'action on (resume) is left out: the failure names nothing to run again after the checkpoint',
    ]);
  });

  test('parts are passed on', () => {
    const { plan } = planFor(
      runFailure(3),
      playbook({ actions: '{id: back, type: rollback, parts: [files, context]}' }),
    );
    expect(actionOf(plan, 'back')).toMatchObject({ parts: ['files', 'context'] });
  });
});

describe('retry', () => {
  const actions =
    '{id: again, type: retry}, {id: back, type: rollback, to: "phase-start:0"}, {id: all, type: retry}, {id: call, type: escalate}';
  const names = (plan: Plan, id: string) => {
    const action = actionOf(plan, id);
    return action?.type === 'retry' ? action.steps.map(({ name }) => name) : [];
  };

  test('after a rollback runs again every step since the checkpoint, up to the failed one', () => {
    const { plan } = planFor(runFailure(2), playbook({ actions }));
    expect(names(plan, 'again')).toEqual(['lint']);
    expect(names(plan, 'all')).toEqual(['install', 'compile', 'lint']);
    expect(actionOf(plan, 'all')).toMatchObject({ title: 'Run again install, compile, lint' });
  });

  test('steps run on the host and in the workspace of the run', () => {
    const { plan } = planFor(runFailure(2), playbook({ actions }));
    expect(actionOf(plan, 'all')).toMatchObject({
      steps: [
        {},
        {},
        { operation: { kind: 'command', argv: ['npm', 'run', 'lint'], host: HOST, workspace: WORKSPACE } },
      ],
    });
  });

  test('without a run does the failure’s own operation', () => {
    const operation = { kind: 'http' as const, method: 'POST' as const, url: 'http://127.0.0.1:1/x' };
    const { plan } = planFor(failure({ operation }), playbook({ actions }));
    expect(actionOf(plan, 'again')).toMatchObject({
      title: 'Retry POST http://127.0.0.1:1/x',
      steps: [{ operation }],
      retry: { maximumAttempts: 1, initialInterval: '1s' },
    });
  });

  test('is left out without any operation, with the reason', () => {
    const { plan } = planFor(failure(), playbook({ actions }));
    expect(plan.actions.map(({ id }) => id)).toEqual(['call']);
    expect(leftOut(plan)[0]).toBe(
      'action again (retry) is left out: the failure names no operation that could be retried',
    );
  });

  test('a command without a host gets the default one', () => {
    const operation = { kind: 'command' as const, argv: ['true'] };
    expect(
      actionOf(planFor(failure({ operation }), playbook({ actions }), { defaultHost: 'other' }).plan, 'again'),
    ).toMatchObject({ steps: [{ operation: { host: 'other' } }] });
  });
});

describe('other actions', () => {
  test('a playbook of which nothing applies calls a person', () => {
    const { plan } = planFor(failure(), playbook({ actions: '{id: again, type: retry}' }));
    expect(plan.actions).toEqual([expect.objectContaining({ type: 'escalate', to: ['oncall'], order: 1 })]);
    expect(plan.reasons).toContain('no action of the playbook applies, so a person is called');
  });

  test('a wait takes its own time, else the failure’s Retry-After, else a second; with probes it waits for them', () => {
    const actions =
      '{id: a, type: wait, for: 7s}, {id: b, type: wait}, {id: c, type: wait, until: [{name: up, tcp: {port: 80}}]}';
    const waits = (given: Partial<FailureInput>) =>
      planFor(failure(given), playbook({ actions })).plan.actions.map((action) =>
        action.type === 'wait' ? action.for : '',
      );
    expect(waits({ retryAfter: '90s' })).toEqual(['7s', '90s', undefined]);
    expect(waits({})).toEqual(['7s', '1s', undefined]);
  });

  test('a run, its undo and the probes of success are placed on the host and in the workspace of the failure', () => {
    const { plan } = planFor(
      runFailure(1),
      playbook({
        actions:
          '{id: fix, type: run, run: {command: [make, fix]}, compensate: {activity: cleanCaches}, success: [{name: made, file: {path: out}}]}',
      }),
    );
    expect(actionOf(plan, 'fix')).toMatchObject({
      required: true,
      operation: { kind: 'command', argv: ['make', 'fix'], host: HOST, workspace: WORKSPACE },
      compensation: {
        title: 'Undo of fix',
        operation: { name: 'cleanCaches', taskQueue: `rerail-host-${HOST}`, input: { workspace: WORKSPACE } },
      },
      success: [{ name: 'made', workspace: WORKSPACE, host: HOST }],
    });
  });

  test('required and estimated can be given, and the estimate of the plan is the sum', () => {
    const { plan } = planFor(
      failure(),
      playbook({
        actions:
          '{id: fix, type: run, run: {activity: noop}, optional: true, timeout: 5m, estimated: 3s}, {id: call, type: escalate, optional: true}',
      }),
    );
    expect(plan.actions.map(({ required, estimatedMs }) => [required, estimatedMs])).toEqual([
      [false, 3000],
      [false, 10_000],
    ]);
    expect(plan.estimatedDurationMs).toBe(13_000);
  });

  test('probes of the playbook and of the failure are both asked, one of each name', () => {
    const spec = 'verify: {probes: [{name: up, tcp: {port: 80}}], within: 7s}';
    const probes = [
      { name: 'up', tcp: { port: 81 } },
      { name: 'file', file: { path: 'a' } },
    ];
    const { plan } = planFor(runFailure(1, { probes }), playbook({ actions: '{id: call, type: escalate}', spec }));
    expect(plan.verify).toMatchObject({
      within: '7s',
      probes: [
        { name: 'up', tcp: { port: 81 } },
        { name: 'file', workspace: WORKSPACE },
      ],
    });
  });

  test.each([
    ['{id: a, type: escalate}', {}, 'low'],
    ['{id: a, type: run, run: {activity: noop}, compensate: {activity: noop}}', {}, 'low'],
    ['{id: a, type: run, run: {activity: noop}}', {}, 'medium'],
    ['{id: a, type: skip}', { operation: SHIP }, 'medium'],
    ['{id: a, type: abort}', {}, 'high'],
    ['{id: a, type: escalate}', { category: 'SECURITY' }, 'high'],
    ['{id: a, type: escalate}', { category: 'CRITICAL' }, 'high'],
  ] as const)('the risk of %s with %j is %s', (actions, given, risk) => {
    expect(planFor(failure(given), playbook({ actions })).plan.risk).toBe(risk);
  });
});

describe('templates', () => {
  const labelled = failure({ labels: { pool: 'orders', n: '3' }, host: HOST });
  const input = (plan: Plan, id = 'fix') => {
    const action = actionOf(plan, id);
    return action?.type === 'run' && action.operation.kind === 'activity' ? action.operation.input : undefined;
  };

  test('a whole-string template keeps the type of what it names', () => {
    const actions =
      '{id: fix, type: run, run: {activity: x, input: {labels: "{{ failure.labels }}", n: "{{ inputs.n }}", on: "{{inputs.on}}", list: ["{{ inputs.list }}"]}}}';
    const { plan } = planFor(labelled, playbook({ actions }), { inputs: { n: 3, on: false, list: [1, null] } });
    expect(input(plan)).toEqual({ labels: { pool: 'orders', n: '3' }, n: 3, on: false, list: [[1, null]] });
  });

  test('a typed field takes what the template names, and is checked then', () => {
    const playbooks = playbook({
      actions: '{id: again, type: retry, timeout: "{{ inputs.limit }}", retry: {maximumAttempts: "{{ inputs.n }}"}}',
    });
    const given = failure({ operation: { kind: 'activity', name: 'x' } });
    expect(actionOf(planFor(given, playbooks, { inputs: { limit: '90s', n: 4 } }).plan, 'again')).toMatchObject({
      timeout: '90s',
      estimatedMs: 90_000,
      retry: { maximumAttempts: 4 },
    });
    expect(() => planFor(given, playbooks, { inputs: { limit: 'soon', n: 4 } })).toThrow(
      expect.objectContaining({
        code: 'plan-impossible',
        message: expect.stringContaining('"soon" is not a duration'),
      }),
    );
  });

  test('a path that leads nowhere makes the plan impossible and is named', () => {
    const playbooks = playbook({
      actions:
        '{id: fix, type: run, run: {activity: x, input: {a: "{{ failure.labels.nope }}", b: "x {{ inputs.gone }} y"}}}',
    });
    expect(() => planFor(labelled, playbooks)).toThrow(
      expect.objectContaining({
        code: 'plan-impossible',
        nonRetryable: true,
        message:
          'playbook mine does not fit this failure: {{ failure.labels.nope }} leads nowhere; {{ inputs.gone }} leads nowhere',
        remedy: expect.stringContaining('--input'),
      }),
    );
  });

  test('what earlier actions put out is left for the time when they have', () => {
    const text = '{{ actions.look.output.address }}';
    const { plan } = planFor(
      labelled,
      playbook({
        actions: `{id: look, type: run, run: {activity: y}}, {id: fix, type: run, run: {activity: x, input: {to: "${text}", pool: "{{ failure.labels.pool }}"}}}`,
      }),
    );
    expect(input(plan)).toEqual({ to: text, pool: 'orders' });
  });

  test('they never reach what the failure inherits', () => {
    const playbooks = playbook({
      actions: '{id: fix, type: run, run: {activity: x, input: "{{ failure.constructor }}"}}',
    });
    expect(() => planFor(labelled, playbooks)).toThrow(expect.objectContaining({ code: 'plan-impossible' }));
  });
});

describe('hash', () => {
  const given: fc.Arbitrary<Partial<FailureInput>> = fc.record(
    {
      type: fc.constantFrom(...PIPELINE_FAILURE_TYPES),
      category: fc.constantFrom(...CATEGORIES),
      severity: fc.constantFrom(...SEVERITIES),
      lane: fc.constantFrom(...LANES),
      message: fc.string({ minLength: 1 }),
      code: fc.string(),
      labels: fc.dictionary(fc.string(), fc.string()),
    },
    { requiredKeys: [] },
  );
  const index = fc.integer({ min: 0, max: 3 });

  test('is the same for the same input, whatever the id and the time', () => {
    fc.assert(
      fc.property(given, index, fc.boolean(), fc.string(), fc.string(), (part, at, optional, id, now) => {
        const [one, two] = [
          planFor(runFailure(at, part, optional), builtin),
          planFor(runFailure(at, part, optional), builtin, { id, now }),
        ];
        expect(two.plan.hash).toBe(one.plan.hash);
        expect(two.plan).toMatchObject({ id, createdAt: now });
      }),
      { numRuns: 60 },
    );
  });

  test('survives a trip through JSON, and the plan is what its schema says', () => {
    fc.assert(
      fc.property(given, index, fc.boolean(), (part, at, optional) => {
        const { plan } = planFor(runFailure(at, part, optional), builtin);
        const { hash, ...rest } = JSON.parse(JSON.stringify(plan)) as Plan;
        expect(hashPlan(rest, sha256)).toBe(hash);
        expect(PlanSchema.parse(plan).hash).toBe(hash);
      }),
      { numRuns: 60 },
    );
  });

  test('does not depend on the order of keys', () => {
    const { hash, ...rest } = planFor(runFailure(3), builtin).plan;
    const turned = Object.fromEntries(Object.entries(rest).reverse()) as unknown as Omit<Plan, 'hash'>;
    expect(hashPlan(turned, sha256)).toBe(hash);
  });

  test('changes with anything else: every leaf of a plan counts', () => {
    const { hash, ...rest } = planFor(runFailure(3, { type: 'test_failure' }, true), builtin).plan;
    const plain = JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
    let leaves = 0;
    const visit = (node: unknown, change: (value: unknown) => unknown, path: string): void => {
      if (typeof node === 'object' && node !== null) {
        for (const key of Object.keys(node)) {
          const place = Array.isArray(node) ? Number(key) : key;
          visit(
            (node as Record<string | number, unknown>)[place],
            (value) => {
              const copy = (Array.isArray(node) ? [...(node as unknown[])] : { ...node }) as Record<
                string | number,
                unknown
              >;
              copy[place] = value;
              return change(copy);
            },
            `${path}.${key}`,
          );
        }
        return;
      }
      if (path === '.id' || path === '.createdAt') return;
      leaves += 1;
      const other = typeof node === 'boolean' ? !node : typeof node === 'number' ? node + 1 : `${String(node)}x`;
      expect(hashPlan(change(other) as Omit<Plan, 'hash'>, sha256), path).not.toBe(hash);
    };
    visit(plain, (value) => value, '');
    expect(leaves).toBeGreaterThan(100);
  });

  test('changes with the checkpoint that would be restored', () => {
    const hashes = [LEDGER, LEDGER.slice(1), []].map(
      (checkpoints) => planFor(runFailure(3, { type: 'git' }), builtin, { checkpoints }).plan.hash,
    );
    expect(new Set(hashes).size).toBe(3);
  });

  test('may be named by its first digits, at least eight', () => {
    const { hash } = planFor(runFailure(3), builtin).plan;
    expect(namesPlan(hash, hash)).toBe(true);
    expect(namesPlan(shortHash(hash), hash)).toBe(true);
    expect(namesPlan(hash.slice(0, 8), hash)).toBe(true);
    expect(namesPlan(hash.slice(0, 7), hash)).toBe(false);
    expect(namesPlan(`${hash.slice(0, 8)}g`, hash)).toBe(false);
  });
});

test('every built-in playbook is valid and leaves no template unresolved for a run’s failure', () => {
  expect(builtin).toHaveLength(48);
  for (const { name, document } of builtin) {
    expect(PlaybookSchema.safeParse(document).success, name).toBe(true);
    expect(
      JSON.stringify(planFor({ ...runFailure(3), labels: { host: 'build-2' } }, builtin, { playbook: name }).plan),
      name,
    ).not.toContain('{{');
  }
});

test('the plan says why: classification, choice, what was left out, and what else there was', () => {
  const { plan, classification } = planFor(runFailure(3, { code: 'ECONNREFUSED' }), builtin, { checkpoints: [] });
  expect(classification).toMatchObject({ category: 'TRANSIENT', type: 'network' });
  expect(plan.reasons).toEqual([
    'classified as TRANSIENT, network, MEDIUM: rule "network error code" fits the failure itself',
    'playbook network-standard (builtin) matches failureType network and lane standard',
    `action resume (resume) is left out: ${SUBJECT} has no valid checkpoint to go back to`,
    'left out, for no component is known that defines procedures for them: run-gates, run-tests',
  ]);
  expect(plan.alternatives).toEqual([
    { playbook: 'host-lost', reason: 'wants code host-lost' },
    { playbook: 'network-docs', reason: 'wants lane docs' },
    { playbook: 'network-heavy', reason: 'wants lane heavy' },
    { playbook: 'category-transient', reason: 'fits as well; network-standard is narrower or earlier' },
  ]);
});
