import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlaybooks } from '../../../src/config/load-playbooks.ts';
import type { ActionType } from '../../../src/domain/action.ts';
import { toMs } from '../../../src/domain/duration.ts';
import {
  LANES,
  PIPELINE_FAILURE_TYPES,
  type Category,
  type FailureType,
  type Lane,
} from '../../../src/domain/failure.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { LoadedPlaybook } from '../../../src/domain/playbook.ts';
import { checkpoint, planFor, runFailure, STEPS } from './plan-fixtures.ts';

let playbooks: LoadedPlaybook[];
beforeAll(async () => {
  playbooks = await loadPlaybooks([]);
});

const typesOf = (plan: Plan): ActionType[] => plan.actions.map(({ type }) => type);
/** Without what only looks, cleans up or waits, and without the retry that proves one of those: the strategies of requirement 4. */
const strategiesOf = (plan: Plan): ActionType[] => typesOf(plan).filter((type) => type !== 'run' && type !== 'wait');
const LOOKS: readonly ActionType[] = ['run', 'wait'];

describe('by category (requirement 4.3)', () => {
  interface Row {
    category: Category;
    actions: ActionType[];
    confidence: number;
    approval: boolean;
    retries?: number;
    title?: string;
  }
  const rows: Row[] = [
    { category: 'TRANSIENT', actions: ['retry', 'escalate'], confidence: 0.9, approval: false, retries: 3 },
    {
      category: 'VALIDATION',
      actions: ['manual', 'retry'],
      confidence: 0.8,
      approval: false,
      title: 'Fix validation errors',
    },
    {
      category: 'RESOURCE',
      actions: ['run', 'run', 'wait', 'retry', 'manual', 'retry', 'escalate'],
      confidence: 0.6,
      approval: false,
      title: 'Free up resources',
    },
    {
      category: 'LOGIC',
      actions: ['rollback', 'manual', 'retry'],
      confidence: 0.5,
      approval: true,
      title: 'Investigate',
    },
    { category: 'EXTERNAL', actions: ['retry', 'skip', 'escalate'], confidence: 0.7, approval: false, retries: 2 },
    {
      category: 'SECURITY',
      actions: ['manual', 'retry', 'escalate'],
      confidence: 0.6,
      approval: true,
      title: 'Re-authenticate',
    },
    { category: 'CRITICAL', actions: ['abort', 'rollback', 'escalate'], confidence: 0.3, approval: true },
  ];

  test.each(rows)(
    '$category: $actions with confidence $confidence',
    ({ category, actions, confidence, approval, retries, title }) => {
      const { plan } = planFor(runFailure(3, { category }, true), playbooks);
      expect(plan).toMatchObject({
        errorCategory: category,
        confidence,
        requiresApproval: approval,
        playbook: { source: 'builtin' },
      });
      expect(typesOf(plan)).toEqual(actions);
      expect(plan.approval !== undefined).toBe(approval);
      if (retries !== undefined)
        expect(plan.actions.find(({ type }) => type === 'retry')).toMatchObject({
          retry: { maximumAttempts: retries },
        });
      if (title !== undefined) expect(plan.actions.find(({ type }) => type === 'manual')).toMatchObject({ title });
    },
  );

  test('otherwise: retry, rollback, retry, escalate with confidence 0.5', () => {
    const { plan } = planFor(runFailure(3), playbooks, { playbook: 'category-unknown' });
    expect(plan).toMatchObject({ confidence: 0.5, requiresApproval: false });
    expect(typesOf(plan)).toEqual(['retry', 'rollback', 'retry', 'escalate']);
  });

  test('every category has its plan, in every lane', () => {
    for (const lane of LANES) {
      for (const { category, confidence } of [
        ...rows,
        { category: 'UNKNOWN' as const, confidence: lane === 'heavy' ? 0.4 : 0.5 },
      ]) {
        expect(planFor(runFailure(3, { category, lane }), playbooks).plan).toMatchObject({
          errorCategory: category,
          lane,
          confidence,
        });
      }
    }
  });

  test.each([
    ['SECURITY', 'HTTP 401', { httpStatus: 401 }],
    ['VALIDATION', 'a syntax error', { message: 'SyntaxError: Unexpected token' }],
    ['EXTERNAL', 'HTTP 503', { httpStatus: 503 }],
    ['EXTERNAL', 'a lost database', { code: '08006' }],
    ['LOGIC', 'a missing module', { code: 'ERR_MODULE_NOT_FOUND' }],
  ] as const)('%s also when a rule found it: %s', (category, _what, given) => {
    for (const lane of LANES) {
      const { plan } = planFor(runFailure(3, { ...given, lane }), playbooks);
      expect(plan.playbook.name, lane).toBe(`category-${category.toLowerCase()}`);
    }
  });
});

describe('by failure type and lane (requirement 4.4)', () => {
  const retry: ActionType[] = ['retry'];
  const tail: ActionType[] = ['manual', 'retry'];
  /** The strategies in order, for an optional step with checkpoints. */
  const strategies: Record<(typeof PIPELINE_FAILURE_TYPES)[number], (lane: Lane) => ActionType[]> = {
    timeout: (lane) => ['retry', 'resume', ...(lane === 'heavy' ? [] : tail), 'escalate'],
    test_failure: (lane) => ['retry', 'rollback', 'retry', 'skip', ...(lane === 'docs' ? [] : tail), 'escalate'],
    quality_gate: () => ['skip', 'retry', 'manual', 'retry', 'escalate'],
    resource_exhaustion: (lane) => ['rollback', 'retry', ...(lane === 'docs' ? [] : tail), 'escalate'],
    network: () => ['resume', 'retry', 'escalate'],
    git: () => ['retry', 'rollback', ...retry, 'manual', 'retry', 'escalate'],
    unknown: () => ['manual', 'retry', 'rollback', 'retry', 'escalate'],
  };
  const recommended: Partial<Record<FailureType, ActionType>> = {
    timeout: 'retry',
    quality_gate: 'skip',
    network: 'resume',
    unknown: 'manual',
  };
  const looksFirst: Partial<Record<FailureType, string[]>> = {
    timeout: ['inspectResources'],
    resource_exhaustion: ['inspectResources', 'cleanCaches'],
    network: ['checkConnectivity'],
    git: ['readGitStatus'],
  };
  const rows = PIPELINE_FAILURE_TYPES.flatMap((type) => LANES.map((lane) => ({ type, lane })));

  test.each(rows)('$type in lane $lane', ({ type, lane }) => {
    const { plan } = planFor(runFailure(3, { type, lane }, true), playbooks);
    expect(plan).toMatchObject({
      failureType: type,
      lane,
      playbook: { name: `${type.replaceAll('_', '-')}-${lane}`, source: 'builtin' },
    });
    expect(strategiesOf(plan)).toEqual(strategies[type](lane));
    expect(strategiesOf(plan)[0]).toBe(recommended[type] ?? strategiesOf(plan)[0]);
    const looks = plan.actions.flatMap((action) =>
      action.type === 'run' && action.operation.kind === 'activity' ? [action.operation.name] : [],
    );
    expect(looks).toEqual(looksFirst[type] ?? []);
    expect(plan.requiresApproval).toBe(type === 'quality_gate' && lane === 'heavy');
  });

  test.each(rows)(
    '$type in lane $lane: what only looks comes before the strategies and is not required',
    ({ type, lane }) => {
      const { plan } = planFor(runFailure(3, { type, lane }, true), playbooks);
      const kinds = typesOf(plan).map((action) => LOOKS.includes(action));
      expect(kinds).toEqual([...kinds].sort((a, b) => Number(b) - Number(a)));
      for (const action of plan.actions) {
        expect(action.required, action.id).toBe(['manual', 'escalate', 'abort'].includes(action.type));
      }
    },
  );

  test.each(rows)('$type in lane $lane: the estimate is the sum, orders and ids are unique', ({ type, lane }) => {
    const { plan } = planFor(runFailure(3, { type, lane }, true), playbooks);
    expect(plan.estimatedDurationMs).toBe(plan.actions.reduce((sum, { timeout }) => sum + toMs(timeout), 0));
    expect(plan.actions.map(({ order }) => order)).toEqual(plan.actions.map((_action, index) => index + 1));
    expect(new Set(plan.actions.map(({ id }) => id)).size).toBe(plan.actions.length);
  });

  test('heavier lanes try at least as often and verify at least as long', () => {
    for (const type of PIPELINE_FAILURE_TYPES) {
      const [light, middle, heavy] = LANES.map((lane) => planFor(runFailure(3, { type, lane }), playbooks).plan);
      const within = [light, middle, heavy].map((plan) => toMs(plan!.verify.within));
      expect(within).toEqual([10_000, 30_000, 60_000]);
    }
  });

  test('time-outs are those of requirement 4.3: 60 s for a rollback, 30 s for a first retry', () => {
    const { plan } = planFor(runFailure(3, { type: 'git' }), playbooks);
    expect(plan.actions.find(({ type }) => type === 'retry')?.timeout).toBe('30s');
    expect(plan.actions.find(({ type }) => type === 'rollback')?.timeout).toBe('60s');
  });

  test('host-bound looks are left out without a workspace, with the reason', () => {
    const given = { ...runFailure(3, { type: 'timeout' }) };
    delete given.run;
    delete given.operation;
    const { plan } = planFor(given, playbooks);
    expect(plan.actions.some(({ type }) => type === 'run')).toBe(false);
    expect(plan.reasons).toContain(
      'action inspect (run) is left out: inspectResources works in a workspace and the failure names none',
    );
  });
});

describe('the steps that are run again', () => {
  const stepsOf = (plan: Plan): [string, string[]][] =>
    plan.actions.flatMap((action) =>
      'steps' in action ? [[action.id, action.steps.map(({ name }) => name)] as [string, string[]]] : [],
    );
  const names = STEPS.map(({ step }) => step);

  test('after a rollback all since the checkpoint, before it only the failed one', () => {
    expect(stepsOf(planFor(runFailure(3, { type: 'test_failure' }), playbooks).plan)).toEqual([
      ['retry', ['unit']],
      ['run-again', ['lint', 'unit']],
      ['retry-after-debug', ['lint', 'unit']],
    ]);
  });

  test('after a resume too, since its restore took the later steps away', () => {
    const ledger = planFor(runFailure(3, { type: 'network' }), playbooks, {
      checkpoints: [checkpoint('C', { stepIndex: 1 })],
    });
    expect(stepsOf(ledger.plan)).toEqual([
      ['resume', names.slice(1)],
      ['retry', names.slice(1)],
    ]);
  });

  test('only the failed one where nothing was restored', () => {
    expect(stepsOf(planFor(runFailure(3, { type: 'network' }), playbooks, { checkpoints: [] }).plan)).toEqual([
      ['retry', ['unit']],
    ]);
  });
});
