import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlaybooks } from '../../../src/config/load-playbooks.ts';
import type { LoadedComponent } from '../../../src/domain/component.ts';
import { toMs } from '../../../src/domain/duration.ts';
import type { FailureType } from '../../../src/domain/failure.ts';
import type { LoadedPlaybook } from '../../../src/domain/playbook.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { failure, planFor, runFailure } from './plan-fixtures.ts';

let playbooks: LoadedPlaybook[];
beforeAll(async () => {
  playbooks = await loadPlaybooks([]);
});

/** A component that defines every procedure it could be asked for, unless said otherwise. */
function component(names: readonly string[], more: Partial<LoadedComponent['spec']> = {}): LoadedComponent {
  const procedures = Object.fromEntries(names.map((name) => [name, { command: ['do', name] }]));
  return { name: 'part', file: 'c.yaml', spec: { dependsOn: [], probes: [], procedures, ...more } };
}
/** Every procedure that the playbook names. */
const asked = (name: string): string[] => {
  const text = JSON.stringify(playbooks.find((playbook) => playbook.name === name)?.document);
  return [...text.matchAll(/"procedure":"([a-z-]+)"/g)].map((match) => match[1] ?? '');
};
/** `id type timeout`, with `!` for a required action. */
const linesOf = (plan: Plan): string[] =>
  plan.actions.map(({ id, type, timeout, required }) => `${id} ${type} ${timeout}${required ? ' !' : ''}`);

interface Row {
  type: FailureType;
  playbook: string;
  confidence: number;
  lines: string[];
  /** Seconds: of each step with a budget, and what they must stay within together. */
  budgets?: number[];
  bound?: number;
}

const SERVICES: Row[] = [
  {
    type: 'api_failure',
    playbook: 'service-api-failure',
    confidence: 0.7,
    lines: [
      'check-health run 10s !',
      'clear-error-cache run 10s',
      'reset-breaker run 10s !',
      'test-connectivity run 10s !',
      'restore retry 30s',
      'escalate escalate 10s !',
    ],
  },
  {
    type: 'database',
    playbook: 'service-database',
    confidence: 0.7,
    lines: [
      'reset-pool run 30s !',
      'check-integrity run 60s !',
      'resume-operations retry 30s',
      'escalate escalate 10s !',
    ],
  },
  {
    type: 'cache',
    playbook: 'service-cache',
    confidence: 0.7,
    lines: [
      'check-health run 10s !',
      'clear-corrupt run 30s !',
      'rebuild run 60s',
      'retry retry 30s',
      'escalate escalate 10s !',
    ],
  },
  {
    type: 'rate_limit',
    playbook: 'service-rate-limit',
    confidence: 0.8,
    lines: ['wait-for-reset wait 10s', 'adjust-rate run 10s', 'retry retry 30s', 'escalate escalate 10s !'],
  },
];

const component4 = (
  playbook: string,
  type: FailureType,
  confidence: number,
  bound: number,
  steps: [string, number][],
): Row => ({
  type,
  playbook,
  confidence,
  bound,
  budgets: steps.map(([, seconds]) => seconds),
  lines: [
    ...steps.map(([id, seconds]) => `${id} run ${seconds}s`),
    'retry retry 30s',
    'fallback run 30s',
    'retry-after-fallback retry 30s',
    'escalate escalate 10s !',
  ],
});

const COMPONENTS: Row[] = [
  component4('component-link-cascade', 'link', 0.7, 30, [
    ['find-broken-links', 5],
    ['isolate-links', 10],
    ['restore-links', 10],
    ['verify-links', 5],
  ]),
  component4('component-module-loading', 'module', 0.7, 60, [
    ['find-broken-modules', 10],
    ['reload-modules', 30],
    ['repair-dependencies', 10],
    ['verify-modules', 10],
  ]),
  component4('component-quality-gate', 'quality', 0.6, 120, [
    ['check-gate', 15],
    ['restart-gate', 30],
    ['reset-gate-rules', 15],
    ['run-gate', 30],
    ['verify-gate', 30],
  ]),
  component4('component-command-engine', 'command', 0.6, 90, [
    ['check-engine', 10],
    ['stop-hanging-commands', 20],
    ['restart-engine', 30],
    ['reload-commands', 20],
    ['verify-engine', 10],
  ]),
  component4('component-single-module', 'dependency', 0.7, 60, [
    ['isolate-module', 10],
    ['reload-module', 20],
    ['relink-module', 10],
    ['verify-module', 20],
  ]),
  component4('component-slow-system', 'performance', 0.6, 180, [
    ['profile-system', 30],
    ['free-resources', 60],
    ['tune-system', 60],
    ['measure-system', 30],
  ]),
  component4('component-full-system', 'integration', 0.5, 300, [
    ['save-state', 30],
    ['stop-system', 60],
    ['start-system', 120],
    ['check-integration', 45],
    ['verify-system', 45],
  ]),
];

const session = (type: FailureType, confidence: number, bound: number, steps: [string, number, '!' | ''][]): Row => ({
  type,
  playbook: `session-${type}`,
  confidence,
  bound,
  budgets: steps.map(([, seconds]) => seconds),
  lines: [
    ...steps.map(([id, seconds, required]) => `${id} run ${seconds}s ${required}`.trim()),
    'retry retry 30s',
    'escalate escalate 10s !',
  ],
});
const SESSIONS: Row[] = [
  session('crashed', 0.8, 30, [
    ['save-session', 5, ''],
    ['recreate-session', 20, '!'],
    ['verify-session', 5, ''],
  ]),
  session('disconnected', 0.9, 10, [
    ['save-session', 3, ''],
    ['reattach-session', 5, '!'],
    ['verify-session', 2, ''],
  ]),
  session('corrupted', 0.7, 30, [
    ['save-session', 5, ''],
    ['repair-session', 20, '!'],
    ['verify-session', 5, ''],
  ]),
  session('frozen', 0.7, 10, [
    ['save-session', 2, ''],
    ['unfreeze-session', 3, ''],
    ['recreate-session', 4, '!'],
    ['verify-session', 1, ''],
  ]),
];

const PROCESSES: Row[] = [
  {
    type: 'process',
    playbook: 'process',
    confidence: 0.8,
    lines: [
      'check-process run 10s',
      'restart-process run 120s !',
      'verify-process run 60s',
      'retry retry 60s',
      'escalate escalate 10s !',
    ],
  },
];

describe.each([
  ['services (requirement 4.5)', SERVICES],
  ['components (requirement 4.6)', COMPONENTS],
  ['sessions (requirement 4.7)', SESSIONS],
  ['processes (requirement 6.3)', PROCESSES],
])('%s', (_what, rows) => {
  test.each(rows)('$type: $playbook', ({ type, playbook, confidence, lines, budgets, bound }) => {
    const known = component(asked(playbook), { breaker: 'orders' });
    const { plan } = planFor(failure({ type, component: 'part' }), playbooks, { components: [known] });
    expect(plan).toMatchObject({
      playbook: { name: playbook, source: 'builtin' },
      confidence,
      requiresApproval: false,
      failureType: type,
    });
    expect(linesOf(plan)).toEqual(lines);
    if (!budgets || !bound) return;
    const steps = plan.actions.slice(0, budgets.length);
    expect(steps.map(({ timeout }) => toMs(timeout) / 1000)).toEqual(budgets);
    expect(budgets.reduce((sum, seconds) => sum + seconds, 0)).toBeLessThanOrEqual(bound);
    expect(plan.objectives.rto).toBe(`${bound}s`);
  });

  test.each(rows)(
    '$type without a definition: one manual step at most, no fallback, and the plan says why',
    ({ type, playbook }) => {
      const { plan } = planFor(runFailure(3, { type }), playbooks);
      expect(plan.playbook.name).toBe(playbook);
      expect(plan.actions.filter(({ type: kind }) => kind === 'manual').length).toBeLessThanOrEqual(2);
      expect(plan.actions.map(({ id }) => id)).not.toContain('fallback');
      expect(plan.actions.map(({ id }) => id)).not.toContain('retry-after-fallback');
      expect(plan.actions.some(({ type: kind }) => kind === 'retry')).toBe(true);
      for (const action of plan.actions.filter(({ type: kind }) => kind === 'manual')) {
        expect(action).toMatchObject({
          required: true,
          timeout: '30m',
          instructions: expect.stringContaining('procedure'),
        });
      }
      expect(plan.reasons.join('\n')).toMatch(/no component is known|no breaker/);
    },
  );
});

describe('procedures', () => {
  const link = (spec: Partial<LoadedComponent['spec']>, given = {}) =>
    planFor(failure({ type: 'link', component: 'part', ...given }), playbooks, { components: [component([], spec)] })
      .plan;

  test('a required one that is not defined becomes a manual step that says what to do', () => {
    const plan = link({});
    expect(plan.actions.find(({ id }) => id === 'restore-links')).toMatchObject({
      type: 'manual',
      title: 'Restore the links',
      instructions: expect.stringContaining('define the procedure "restore-links" of component part'),
    });
    expect(plan.reasons).toContain(
      'left out, for component part defines no procedure for them: find-broken-links, isolate-links, verify-links, fallback',
    );
  });

  test('a fallback is left out where nothing shows whether it is needed', () => {
    const plan = link({ procedures: { fallback: { command: ['f'] }, 'restore-links': { command: ['r'] } } });
    expect(plan.actions.map(({ id }) => id)).toEqual(['restore-links', 'escalate']);
    expect(plan.reasons).toContain('action fallback (run) is left out: nothing before it makes it of use');
    expect(plan.actions[0]?.required).toBe(true);
  });

  test('the component’s own check is tried where the failure names no operation', () => {
    const plan = link({ procedures: { verify: { command: ['v'] } } });
    expect(plan.actions.find(({ id }) => id === 'retry')).toMatchObject({ steps: [{ operation: { argv: ['v'] } }] });
    const own = link({ procedures: { verify: { command: ['v'] } } }, { operation: { kind: 'command', argv: ['own'] } });
    expect(own.actions.find(({ id }) => id === 'retry')).toMatchObject({ steps: [{ operation: { argv: ['own'] } }] });
  });

  test('say how they are undone, unless the playbook does', () => {
    const undo = { command: ['undo'] as [string] };
    const procedures = { 'isolate-links': { command: ['i'], undo }, 'restore-links': { command: ['r'] } };
    const [isolate, restore] = link({ procedures }).actions;
    expect(isolate).toMatchObject({ operation: { argv: ['i'] }, compensation: { operation: { argv: ['undo'] } } });
    expect(isolate).not.toHaveProperty('operation.undo');
    expect(restore?.compensation).toBeUndefined();
  });

  test('templates in procedures are filled in, and a value that is missing is named', () => {
    const procedures = { 'restore-links': { command: ['r', '{{ failure.labels.name }}'] } };
    expect(link({ procedures }, { labels: { name: 'x' } }).actions[0]).toMatchObject({
      operation: { argv: ['r', 'x'] },
    });
    expect(() => link({ procedures })).toThrow(/component part does not fit this failure: .*failure.labels.name/);
    // What the playbook does not ask for need not fit.
    expect(link({ procedures: { other: { command: ['{{ failure.labels.name }}'] } } }).actions.length).toBeGreaterThan(
      0,
    );
  });

  test('the breaker that the component names is reset, and none where it names none', () => {
    const plan = (spec: Partial<LoadedComponent['spec']>) =>
      planFor(failure({ type: 'api_failure', target: 'service/orders' }), playbooks, {
        components: [component([], { target: 'service/*', ...spec })],
      }).plan;
    expect(plan({ breaker: 'orders' }).actions.find(({ id }) => id === 'reset-breaker')).toMatchObject({
      operation: { kind: 'activity', name: 'resetBreaker', input: { breaker: 'orders' } },
    });
    expect(plan({}).reasons).toContain('action reset-breaker (run) is left out: component part names no breaker');
  });

  test('the probes of the component are asked after the recovery', () => {
    const probes = [{ name: 'up', tcp: { host: '127.0.0.1', port: 1 } }];
    expect(link({ probes }).verify.probes.map(({ name }) => name)).toEqual(['up']);
  });

  test('a service’s failure that a rule only guessed in a run keeps the plan of its category', () => {
    expect(planFor(runFailure(3, { httpStatus: 503 }), playbooks).plan.playbook.name).toBe('category-external');
    expect(planFor(failure({ target: 'service/api', httpStatus: 503 }), playbooks).plan.playbook.name).toBe(
      'service-api-failure',
    );
    expect(planFor(runFailure(3, { httpStatus: 429 }), playbooks).plan.playbook.name).toBe('service-rate-limit');
  });

  test('the wait of a rate limit is the one that the service asked for', () => {
    const { plan } = planFor(failure({ httpStatus: 429, retryAfter: '90s' }), playbooks);
    expect(plan.actions[0]).toMatchObject({ type: 'wait', for: '90s' });
  });

  test('the steps of a lane are taken where the component defines them', () => {
    const known = component([
      'run-validator',
      'fix-documents',
      'rebuild-documents',
      'run-gates',
      'run-tests',
      'validate-all',
      'stress-test',
      'collect-metrics',
    ]);
    const ids = (lane: 'docs' | 'standard' | 'heavy') =>
      planFor(runFailure(3, { type: 'timeout', lane, component: 'part' }), playbooks, {
        components: [known],
      }).plan.actions.map(({ id }) => id);
    expect(ids('docs').slice(0, 5)).toEqual([
      'inspect',
      'run-validator',
      'fix-documents',
      'rebuild-documents',
      'retry',
    ]);
    expect(ids('standard').slice(0, 4)).toEqual(['inspect', 'run-gates', 'run-tests', 'retry']);
    expect(ids('heavy').slice(0, 5)).toEqual(['inspect', 'validate-all', 'stress-test', 'collect-metrics', 'retry']);
  });
});
