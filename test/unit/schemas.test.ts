import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  ApprovalPolicySchema,
  ApproveInputSchema,
  CompleteManualStepInputSchema,
  DecideInputSchema,
  DenyInputSchema,
  PauseInputSchema,
} from '../../src/domain/approval.schema.ts';
import { DurationSchema } from '../../src/domain/duration.schema.ts';
import { FailureSchema } from '../../src/domain/failure.schema.ts';
import { ArgvSchema, SecretRefSchema } from '../../src/domain/operation.schema.ts';
import { PipelineSchema } from '../../src/domain/pipeline.schema.ts';
import { PlaybookSchema } from '../../src/domain/playbook.schema.ts';
import { PROBE_KINDS } from '../../src/domain/probe.ts';
import { ProbeSchema } from '../../src/domain/probe.schema.ts';

/** `path: message` of every problem. */
function problems(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
}

type Change = Record<string, unknown>;

describe('FailureSchema', () => {
  const good = { target: 'release/web', message: 'it broke' };

  test('needs a target and a message and fills in the rest', () => {
    expect(FailureSchema.parse(good)).toEqual({
      ...good,
      lane: 'standard',
      labels: {},
      causes: [],
      probes: [],
      source: { kind: 'client' },
    });
  });

  test.each([
    [{ extra: 1 }, ': Unrecognized key: "extra"'],
    [{ message: '' }, 'message: must say what failed'],
    [
      { target: 'web' },
      'target: must look like kind/name, such as "release/web": letters, digits, dot, dash, underscore and @',
    ],
    [{ type: 'tiemout' }, expect.stringContaining('type: Invalid option: expected one of "timeout"')],
    [{ category: 'transient' }, expect.stringContaining('category: Invalid option: expected one of "TRANSIENT"')],
    [{ retryAfter: '1h30m' }, 'retryAfter: "1h30m" is not a duration: write "90m"'],
    [{ httpStatus: 99 }, expect.stringContaining('httpStatus: ')],
    [{ occurredAt: 'yesterday' }, expect.stringContaining('occurredAt: Invalid ISO datetime')],
    [{ signal: null }, expect.stringContaining('signal: ')],
    [{ probes: [{ name: 'p' }] }, `probes.0: must have exactly one of ${PROBE_KINDS.join(', ')}`],
    [{ operation: { kind: 'command', argv: [] } }, 'operation.argv: must name a command, such as ["npm", "test"]'],
  ] as [Change, unknown][])('refuses %j', (change, message) => {
    expect(problems(FailureSchema, { ...good, ...change })).toEqual([message]);
  });

  test.each(['release/web', 'service/orders-db', 'session/agent-7', 'a/b/c', 'user/me@host.example', 'A/B_c.d'])(
    'takes the target %s',
    (target) => {
      expect(problems(FailureSchema, { ...good, target })).toEqual([]);
    },
  );

  test.each(['', 'web', '/web', 'a/', 'a//b', 'a/-b', 'a/b-', 'a b/c', 'a/ü', 'a/../b', `a/${'b'.repeat(200)}`])(
    'refuses the target %j',
    (target) => {
      expect(problems(FailureSchema, { ...good, target })).not.toEqual([]);
    },
  );
});

describe('PlaybookSchema', () => {
  const action = { id: 'call', type: 'escalate' };
  const spec = { match: [{ category: 'TRANSIENT' }], actions: [action] };
  const book = (change: Change = {}, more: Change = {}) => ({
    apiVersion: 'rerail/v1',
    kind: 'Playbook',
    metadata: { name: 'mine' },
    spec: { ...spec, ...change },
    ...more,
  });

  test('fills in mode, confidence, limits and verification', () => {
    expect(PlaybookSchema.parse(book()).spec).toMatchObject({
      mode: 'auto',
      confidence: 0.5,
      limits: {},
      objectives: {},
      verify: { probes: [], within: '30s', holdFor: '0s', every: '1s' },
    });
  });

  test.each([
    [book({ retries: 3 }), 'spec: Unrecognized key: "retries"'],
    [book({ match: [{}] }), 'spec.match.0: must name at least one field to match'],
    [book({ match: [{ lane: 'docs', falureType: 'git' }] }), 'spec.match.0: Unrecognized key: "falureType"'],
    [book({ actions: [action, { id: 'call', type: 'skip' }] }), 'spec.actions.1.id: "call" is used twice'],
    [book({ actions: [] }), expect.stringContaining('spec.actions: Too small')],
    [book({ actions: [{ id: 'a', type: 'reboot' }] }), expect.stringContaining('spec.actions.0.type: Invalid')],
    [
      book({ actions: [{ id: 'A b', type: 'skip' }] }),
      'spec.actions.0.id: must be lower case letters, digits and dashes, such as "smoke-test"',
    ],
    [
      book({ actions: [{ ...action, timeout: '1h30m' }] }),
      'spec.actions.0.timeout: "1h30m" is not a duration: write "90m"',
    ],
    [
      book({ actions: [{ id: 'a', type: 'run', run: { activity: 'x', command: ['y'] } }] }),
      'spec.actions.0.run: must have exactly one of activity, command, http, or a procedure',
    ],
    [
      book({ actions: [{ id: 'a', type: 'run', run: {} }] }),
      'spec.actions.0.run: must have exactly one of activity, command, http, or a procedure',
    ],
    [
      book({ actions: [{ id: 'a', type: 'rollback', to: 'yesterday' }] }),
      'spec.actions.0.to: must be latest, phase-start, phase-start:N or a checkpoint id',
    ],
    [
      book({ actions: [{ id: 'a', type: 'retry', retry: { maximumAttempts: 0 } }] }),
      expect.stringContaining('spec.actions.0.retry.maximumAttempts: Too small'),
    ],
    [
      book({ actions: [{ id: 'a', type: 'retry', retry: { jitter: 2 } }] }),
      expect.stringContaining('spec.actions.0.retry.jitter: Too big'),
    ],
    [book({ mode: 'yolo' }), expect.stringContaining('spec.mode: must be observe, propose or auto')],
    [book({}, { apiVersion: 'v2' }), expect.stringContaining('apiVersion: Invalid input: expected "rerail/v1"')],
    [book({}, { kind: 'Pipeline' }), expect.stringContaining('kind: Invalid input: expected "Playbook"')],
  ])('refuses %j', (value, message) => {
    expect(problems(PlaybookSchema, value)).toEqual([message]);
  });

  test.each(['latest', 'phase-start', 'phase-start:0', 'phase-start:12', `cp_${'0'.repeat(26)}`])(
    'a rollback may go to %s',
    (to) => {
      expect(problems(PlaybookSchema, book({ actions: [{ id: 'a', type: 'rollback', to }] }))).toEqual([]);
    },
  );
});

describe('PipelineSchema', () => {
  const step = { name: 'unit', run: ['npm', 'test'] };
  const pipe = (change: Change = {}) => ({
    apiVersion: 'rerail/v1',
    kind: 'Pipeline',
    metadata: { name: 'web' },
    spec: { phases: [{ name: 'test', steps: [step] }], ...change },
  });
  const withStep = (change: Change) => pipe({ phases: [{ name: 'test', steps: [{ ...step, ...change }] }] });

  test('fills in what a step does not say', () => {
    expect(PipelineSchema.parse(pipe()).spec).toMatchObject({
      lane: 'standard',
      workspace: '.',
      maxRecoveriesPerStep: 3,
      phases: [{ steps: [{ timeout: '10m', optional: false, checkpoint: true, idempotent: true }] }],
    });
  });

  test.each([
    [pipe({ phases: [] }), 'spec.phases: must have at least one phase'],
    [pipe({ phases: [{ name: 'test', steps: [] }] }), 'spec.phases.0.steps: must have at least one step'],
    [
      pipe({ phases: [{ name: 'test', steps: [step, step] }] }),
      'spec.phases.0.steps.1.name: step "unit" is there twice',
    ],
    [
      pipe({
        phases: [
          { name: 'a', steps: [step] },
          { name: 'a', steps: [step] },
        ],
      }),
      'spec.phases.1.name: phase "a" is there twice',
    ],
    [withStep({ timeut: '5m' }), 'spec.phases.0.steps.0: Unrecognized key: "timeut"'],
    [withStep({ timeout: '1h30m' }), 'spec.phases.0.steps.0.timeout: "1h30m" is not a duration: write "90m"'],
    [withStep({ run: [] }), 'spec.phases.0.steps.0.run: must name a command, such as ["npm", "test"]'],
    [withStep({ run: [''] }), 'spec.phases.0.steps.0.run: the first word, the command, is empty'],
    [
      withStep({ run: 'npm test' }),
      expect.stringContaining('spec.phases.0.steps.0.run: Invalid input: expected array'),
    ],
    [withStep({ env: { 'A-B': '1' } }), expect.stringContaining('spec.phases.0.steps.0.env.A-B')],
    [withStep({ secretEnv: { A: 'plain' } }), 'spec.phases.0.steps.0.secretEnv.A: must be env:NAME or file:/path'],
    [pipe({ target: 'web' }), expect.stringContaining('spec.target: must look like kind/name')],
    [
      withStep({ artifacts: [{ name: 'app', path: '../app' }] }),
      expect.stringContaining('artifacts.0.path: must be a path below the workspace'),
    ],
    [
      withStep({ artifacts: [{ name: '../app', path: 'app' }] }),
      expect.stringContaining('artifacts.0.name: must be letters, digits'),
    ],
    [
      withStep({
        artifacts: [
          { name: 'app', path: 'a' },
          { name: 'app', path: 'b' },
        ],
      }),
      expect.stringContaining('artifacts.1.name: artifact "app" is there twice'),
    ],
    [pipe({ phases: undefined }), expect.stringContaining('spec.phases: Invalid input')],
  ])('refuses %j', (value, message) => {
    expect(problems(PipelineSchema, value)).toEqual([message]);
  });

  test('the same step may be in two phases', () => {
    expect(
      problems(
        PipelineSchema,
        pipe({
          phases: [
            { name: 'a', steps: [step] },
            { name: 'b', steps: [step] },
          ],
        }),
      ),
    ).toEqual([]);
  });

  test('an undo is a list of words or an invocation', () => {
    expect(problems(PipelineSchema, withStep({ compensate: ['make', 'undo'] }))).toEqual([]);
    expect(problems(PipelineSchema, withStep({ compensate: { activity: 'undo' } }))).toEqual([]);
    expect(problems(PipelineSchema, withStep({ compensate: { activity: 'undo', command: ['x'] } }))).not.toEqual([]);
  });
});

describe('words, secrets, durations and probes', () => {
  test('a NUL in a word is refused, since it would cut the word short', () => {
    expect(problems(ArgvSchema, ['echo', 'a\0b'])).toEqual([': must not contain NUL']);
  });

  test.each(['env:TOKEN', 'file:/run/secrets/token'])('%s names a secret', (reference) => {
    expect(problems(SecretRefSchema, reference)).toEqual([]);
  });

  test.each(['TOKEN', 'env:', 'env:A B', 'file:relative', 'http://x'])('%s names none', (reference) => {
    expect(problems(SecretRefSchema, reference)).toEqual([': must be env:NAME or file:/path']);
  });

  test('a very long text is no duration, and does not blow up', () => {
    expect(problems(DurationSchema, `${'1'.repeat(500)}s`)).toEqual([expect.stringContaining('is not a duration')]);
  });

  test('a probe has exactly one kind', () => {
    const tcp = { port: 1 };
    expect(problems(ProbeSchema, { name: 'p', tcp })).toEqual([]);
    expect(problems(ProbeSchema, { name: 'p', tcp, file: { path: 'a' } })).toEqual([
      `: must have exactly one of ${PROBE_KINDS.join(', ')}`,
    ]);
    expect(problems(ProbeSchema, { name: 'p', tcp: { port: 70_000 } })).toEqual([
      expect.stringContaining('tcp.port: Too big'),
    ]);
    expect(problems(ProbeSchema, { name: 'p', http: { url: 'ftp://x' } })).toEqual([
      expect.stringContaining('http.url: Invalid URL'),
    ]);
    expect(problems(ProbeSchema, { name: 'p', file: { path: 'a', sha256: 'AB' } })).toEqual([
      'file.sha256: must be 64 hexadecimal digits',
    ]);
  });
});

describe('what people send', () => {
  const approve = { planHash: 'a'.repeat(64), by: 'ann' };
  const decide = { decision: 'skip', actionId: 'x', by: 'ann', reason: 'known' };

  test('an approval names the plan, by eight digits or more, and the person', () => {
    expect(ApproveInputSchema.parse({ ...approve, by: ' ann ' })).toEqual(approve);
    expect(problems(ApproveInputSchema, { ...approve, planHash: 'abcdef01' })).toEqual([]);
    for (const planHash of ['abcdef0', 'ABCDEF01', 'a'.repeat(65)]) {
      expect(problems(ApproveInputSchema, { ...approve, planHash })).toEqual([
        'planHash: must be at least the first 8 digits of the plan hash',
      ]);
    }
    expect(problems(ApproveInputSchema, { ...approve, by: '  ' })).toEqual(['by: must name the person who decides']);
    expect(problems(ApproveInputSchema, { ...approve, yes: true })).toEqual([': Unrecognized key: "yes"']);
  });

  test('a denial, a decision and a pause must give a reason, an approval may', () => {
    expect(problems(DenyInputSchema, approve)).toEqual([expect.stringContaining('reason: ')]);
    expect(problems(DenyInputSchema, { ...approve, reason: ' ' })).toEqual(['reason: must give a reason']);
    expect(problems(ApproveInputSchema, { ...approve, reason: '' })).toEqual(['reason: must give a reason']);
    expect(problems(PauseInputSchema, { by: 'ann' })).toEqual([expect.stringContaining('reason: ')]);
    expect(problems(DecideInputSchema, { ...decide, reason: '' })).toEqual(['reason: must give a reason']);
  });

  test('a decision is one of the six and names its action', () => {
    expect(problems(DecideInputSchema, decide)).toEqual([]);
    expect(problems(DecideInputSchema, { ...decide, decision: 'reboot' })).toEqual([
      expect.stringContaining('decision: Invalid option'),
    ]);
    expect(problems(DecideInputSchema, { ...decide, actionId: '' })).toEqual([
      expect.stringContaining('actionId: Too small'),
    ]);
    expect(DecideInputSchema.parse({ ...decide, decision: 'supply', output: { a: [1, null] } })).toMatchObject({
      output: { a: [1, null] },
    });
  });

  test('a manual step is done unless it is said to have failed', () => {
    expect(CompleteManualStepInputSchema.parse({ actionId: 'x', by: 'ann' })).toEqual({
      actionId: 'x',
      by: 'ann',
      outcome: 'done',
    });
    expect(problems(CompleteManualStepInputSchema, { actionId: 'x', by: 'ann', outcome: 'maybe' })).toEqual([
      expect.stringContaining('outcome: Invalid option'),
    ]);
  });

  test('an approval policy asks one person for half an hour and then escalates', () => {
    expect(ApprovalPolicySchema.parse({})).toEqual({ roles: [], required: 1, timeout: '30m', onTimeout: 'escalate' });
    expect(problems(ApprovalPolicySchema, { required: 0 })).toEqual([expect.stringContaining('required: Too small')]);
    expect(problems(ApprovalPolicySchema, { onTimeout: 'shrug' })).toEqual([
      expect.stringContaining('onTimeout: Invalid option'),
    ]);
  });
});
