import { describe, expect, test } from 'vitest';
import type { ClassificationRule } from '../../../src/domain/classification-rule.ts';
import { CATEGORIES, FAILURE_TYPES, type FailureInput } from '../../../src/domain/failure.ts';
import {
  CATEGORY_OF_TYPE,
  CLASSIFICATION_RULES,
  SEVERITY_OF_CATEGORY,
} from '../../../src/planner/classification-rules.ts';
import { classify } from '../../../src/planner/classify.ts';
import { code, err, MORE_ROWS, out, type Row } from './classification-rows.ts';
import { failure } from './plan-fixtures.ts';

const NETWORK_CODE = 'network error code';
const TIMEOUT_CODE = 'time-out code';
const RESOURCE_CODE = 'resource used up';
const PERMISSION = 'permission denied';
const DATABASE = 'database error code';
const NETWORK_TEXT = 'the text names a refused or lost connection';
const RESOURCE_TEXT = 'the text names lack of disk or memory';
const TIMEOUT_TEXT = 'the text names a time-out';
const MODULE_TEXT = 'the text is that of a missing module';
const TESTS = 'a test runner reported failing tests';
const GIT = 'git said so';
const SIGN_IN = 'git may not sign in';
const GATE = 'a quality gate said no';
const LINT = 'coverage or lint is below the mark';
const AUTH = 'authentication failed';
const INPUT = 'invalid input';

const ROWS: Row[] = [
  ...MORE_ROWS,
  ['HTTP 429, too many requests', 'a 429', { httpStatus: 429 }, 'EXTERNAL', 'rate_limit'],
  ['HTTP 401 or 403, not allowed', 'a 401', { httpStatus: 401 }, 'SECURITY', 'unknown'],
  ['HTTP 401 or 403, not allowed', 'a 403', { httpStatus: 403 }, 'SECURITY', 'unknown'],
  ['HTTP 408, request time-out', 'a 408', { httpStatus: 408 }, 'TRANSIENT', 'timeout'],
  ['HTTP 504, time-out upstream', 'a 504', { httpStatus: 504 }, 'TRANSIENT', 'timeout'],
  ['HTTP 5xx, the service failed', 'a 500', { httpStatus: 500 }, 'EXTERNAL', 'api_failure'],
  ['HTTP 5xx, the service failed', 'a 503', { httpStatus: 503 }, 'EXTERNAL', 'api_failure'],
  ['HTTP 4xx, the request was refused', 'a 400', { httpStatus: 400 }, 'VALIDATION', 'api_failure'],
  ['HTTP 4xx, the request was refused', 'a 422', { httpStatus: 422 }, 'VALIDATION', 'api_failure'],
  ['command not found', 'our own slug', code('command-not-found'), 'VALIDATION', 'command'],
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENETDOWN',
    'EAI_AGAIN',
    'ENOTFOUND',
    'UND_ERR_SOCKET',
  ].map((name): Row => [NETWORK_CODE, name, code(name), 'TRANSIENT', 'network']),
  ...[
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'command-timeout',
    'timed-out',
    'TimeoutError',
  ].map((name): Row => [TIMEOUT_CODE, name, code(name), 'TRANSIENT', 'timeout']),
  ...[
    'ENOSPC',
    'ENOMEM',
    'EMFILE',
    'ENFILE',
    'EDQUOT',
    'disk-full',
    'ERR_WORKER_OUT_OF_MEMORY',
    '53100',
    '53200',
    '53300',
  ].map((name): Row => [RESOURCE_CODE, name, code(name), 'RESOURCE', 'resource_exhaustion']),
  ...['EACCES', 'EPERM', '28000', '28P01', '42501'].map((name): Row => [
    PERMISSION,
    name,
    code(name),
    'SECURITY',
    'unknown',
  ]),
  ['missing module', 'CommonJS', code('MODULE_NOT_FOUND'), 'LOGIC', 'module'],
  ['missing module', 'ES modules', code('ERR_MODULE_NOT_FOUND'), 'LOGIC', 'module'],
  ...['08006', '08P01', '57P01', '57P03', '40001', '40P01'].map((name): Row => [
    DATABASE,
    `SQLSTATE ${name}`,
    code(name),
    'EXTERNAL',
    'database',
  ]),
  [
    'killed by SIGKILL, mostly for lack of memory',
    'the OOM killer',
    { signal: 'SIGKILL', message: 'node was killed by SIGKILL' },
    'RESOURCE',
    'resource_exhaustion',
  ],
  [
    'exit status 137, killed, mostly for lack of memory',
    'a container that was killed',
    { exitCode: 137 },
    'RESOURCE',
    'resource_exhaustion',
  ],
  [
    'exit status 126 or 127, a shell found no such command',
    'an npm script',
    { exitCode: 127, stderr: 'sh: 1: vitest: not found' },
    'VALIDATION',
    'command',
  ],
  [
    'exit status 126 or 127, a shell found no such command',
    'a file without the x bit',
    { exitCode: 126, stderr: 'bash: ./deploy: Permission denied' },
    'VALIDATION',
    'command',
  ],
  ['exit status 124, timeout(1)', 'timeout(1)', { exitCode: 124 }, 'TRANSIENT', 'timeout'],

  [
    NETWORK_TEXT,
    'npm without DNS',
    err('npm error code ENOTFOUND', 'npm error network request to https://registry.npmjs.org/zod failed'),
    'TRANSIENT',
    'network',
  ],
  [
    NETWORK_TEXT,
    'curl',
    err('curl: (7) Failed to connect to localhost port 1 after 0 ms: Connection refused'),
    'TRANSIENT',
    'network',
  ],
  [NETWORK_TEXT, 'node fetch', { message: 'TypeError: fetch failed' }, 'TRANSIENT', 'network'],
  [NETWORK_TEXT, 'node http', { message: 'Error: socket hang up' }, 'TRANSIENT', 'network'],
  [
    NETWORK_TEXT,
    'git without DNS',
    err("fatal: unable to access 'https://github.com/x/y/': Could not resolve host: github.com"),
    'TRANSIENT',
    'network',
  ],
  [
    NETWORK_TEXT,
    'tests without their database',
    out('Error: connect ECONNREFUSED 127.0.0.1:5432', 'Tests:       12 failed, 12 total'),
    'TRANSIENT',
    'network',
  ],
  [
    RESOURCE_TEXT,
    'a full disk',
    err('tar: dist.tgz: Cannot write: No space left on device'),
    'RESOURCE',
    'resource_exhaustion',
  ],
  [
    RESOURCE_TEXT,
    'npm on a full disk',
    err('npm error code ENOSPC', 'npm error nospc ENOSPC: no space left on device, write'),
    'RESOURCE',
    'resource_exhaustion',
  ],
  [
    RESOURCE_TEXT,
    'the V8 heap',
    { signal: 'SIGABRT', message: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory' },
    'RESOURCE',
    'resource_exhaustion',
  ],
  [RESOURCE_TEXT, 'fork', err('bash: fork: Cannot allocate memory'), 'RESOURCE', 'resource_exhaustion'],
  [RESOURCE_TEXT, 'too many files', err('EMFILE: too many open files, watch'), 'RESOURCE', 'resource_exhaustion'],
  [
    RESOURCE_TEXT,
    'git on a full disk',
    err('fatal: unable to write file .git/objects/ab: No space left on device'),
    'RESOURCE',
    'resource_exhaustion',
  ],

  [MODULE_TEXT, 'CommonJS', err("Error: Cannot find module 'express'", 'Require stack:'), 'LOGIC', 'module'],
  [
    MODULE_TEXT,
    'ES modules',
    err("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /w/a.js"),
    'LOGIC',
    'module',
  ],
  [MODULE_TEXT, 'Python', err("ModuleNotFoundError: No module named 'requests'"), 'LOGIC', 'module'],
  [MODULE_TEXT, 'webpack', err("Module not found: Error: Can't resolve './app'"), 'LOGIC', 'module'],
  [
    GATE,
    'SonarQube',
    out('ERROR: QUALITY GATE STATUS: FAILED - View details on https://sonar'),
    'VALIDATION',
    'quality_gate',
  ],

  [
    TESTS,
    'vitest',
    out(' FAIL  a.test.ts > adds', ' Test Files  1 failed (1)', '      Tests  1 failed | 2 passed (3)'),
    'LOGIC',
    'test_failure',
  ],
  [
    TESTS,
    'vitest in colour',
    out('\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m\u001b[90m (1)\u001b[39m'),
    'LOGIC',
    'test_failure',
  ],
  [TESTS, 'jest', out('Tests:       2 failed, 5 passed, 7 total', 'Snapshots:   0 total'), 'LOGIC', 'test_failure'],
  [TESTS, 'mocha', out('  12 passing (30ms)', '  1 failing'), 'LOGIC', 'test_failure'],
  [
    TESTS,
    'mocha with a slow test',
    out('  1 failing', '     Error: Timeout of 2000ms exceeded.'),
    'LOGIC',
    'test_failure',
  ],
  [
    TESTS,
    'pytest',
    out(
      '=================================== FAILURES ===================================',
      '=== 1 failed, 2 passed in 0.12s ===',
    ),
    'LOGIC',
    'test_failure',
  ],
  [TESTS, 'go test', out('--- FAIL: TestAdd (0.00s)', 'FAIL', 'FAIL\texample.com/m\t0.002s'), 'LOGIC', 'test_failure'],
  [TESTS, 'TAP', out('TAP version 13', 'ok 1 - adds', 'not ok 2 - subtracts', '1..2'), 'LOGIC', 'test_failure'],
  [TESTS, 'node:test as TAP', out('# tests 3', '# pass 2', '# fail 1'), 'LOGIC', 'test_failure'],
  [TESTS, 'node:test as spec', out('ℹ tests 3', 'ℹ pass 2', 'ℹ fail 1'), 'LOGIC', 'test_failure'],
  [TESTS, 'node:assert', err('AssertionError [ERR_ASSERTION]: 1 == 2'), 'LOGIC', 'test_failure'],
  [
    TESTS,
    'another test that is about time-outs',
    out('ok 1 - gives up after the timeout', 'not ok 2 - adds'),
    'LOGIC',
    'test_failure',
  ],
  [
    TESTS,
    'failing tests that lower the coverage too',
    out('Jest: "global" coverage threshold for lines (90%) not met: 75%', 'Tests:       1 failed, 5 passed, 6 total'),
    'LOGIC',
    'test_failure',
  ],

  [
    SIGN_IN,
    'ssh',
    err('git@github.com: Permission denied (publickey).', 'fatal: Could not read from remote repository.'),
    'SECURITY',
    'unknown',
  ],
  [SIGN_IN, 'https', err("fatal: Authentication failed for 'https://github.com/x/y/'"), 'SECURITY', 'unknown'],
  [
    SIGN_IN,
    'no terminal to ask at',
    err("fatal: could not read Username for 'https://github.com': terminal prompts disabled"),
    'SECURITY',
    'unknown',
  ],
  [GIT, 'no repository', err('fatal: not a git repository (or any of the parent directories): .git'), 'LOGIC', 'git'],
  [GIT, 'a lock', err("fatal: Unable to create '/w/.git/index.lock': File exists."), 'LOGIC', 'git'],
  [
    GIT,
    'a merge conflict',
    out(
      'CONFLICT (content): Merge conflict in a.txt',
      'Automatic merge failed; fix conflicts and then commit the result.',
    ),
    'LOGIC',
    'git',
  ],
  [
    GIT,
    'a refused push',
    err(' ! [rejected]        main -> main (fetch first)', "error: failed to push some refs to 'origin'"),
    'LOGIC',
    'git',
  ],
  [GIT, 'a non-fast-forward', err(' ! [rejected] main -> main (non-fast-forward)'), 'LOGIC', 'git'],
  [
    GIT,
    'local changes',
    err('error: Your local changes to the following files would be overwritten by checkout:'),
    'LOGIC',
    'git',
  ],
  [
    GIT,
    'an unknown revision',
    err("fatal: ambiguous argument 'nope': unknown revision or path not in the working tree."),
    'LOGIC',
    'git',
  ],
  [GIT, 'histories without a common root', err('fatal: refusing to merge unrelated histories'), 'LOGIC', 'git'],

  [
    LINT,
    'eslint',
    out('/w/src/timeout.ts', '  1:1  error  Unexpected var  no-var', '✖ 3 problems (2 errors, 1 warning)'),
    'VALIDATION',
    'quality_gate',
  ],
  [
    LINT,
    'vitest coverage',
    err('ERROR: Coverage for lines (75%) does not meet global threshold (90%)'),
    'VALIDATION',
    'quality_gate',
  ],
  [
    LINT,
    'jest coverage',
    err('Jest: "global" coverage threshold for lines (90%) not met: 75%'),
    'VALIDATION',
    'quality_gate',
  ],
  [
    LINT,
    'pytest-cov',
    err('FAIL Required test coverage of 90% not reached. Total coverage: 75.00%'),
    'VALIDATION',
    'quality_gate',
  ],
  [
    TIMEOUT_TEXT,
    'go test',
    out('panic: test timed out after 10m0s', 'FAIL\texample.com/m\t600.0s'),
    'TRANSIENT',
    'timeout',
  ],
  [TIMEOUT_TEXT, 'gRPC', { message: '4 DEADLINE_EXCEEDED: Deadline exceeded' }, 'TRANSIENT', 'timeout'],
  [TIMEOUT_TEXT, 'curl', err('curl: (28) Operation timed out after 5001 milliseconds'), 'TRANSIENT', 'timeout'],
  [
    AUTH,
    'npm',
    err('npm error code E401', 'npm error Incorrect or missing password. 401 Unauthorized'),
    'SECURITY',
    'unknown',
  ],
  [AUTH, 'an expired token', { message: 'the token has expired' }, 'SECURITY', 'unknown'],
  [AUTH, 'a file', err("EACCES: permission denied, open '/etc/shadow'"), 'SECURITY', 'unknown'],
  [INPUT, 'JavaScript', err('SyntaxError: Unexpected token }'), 'VALIDATION', 'unknown'],
  [INPUT, 'a parameter', err('error: missing required argument "env"'), 'VALIDATION', 'unknown'],
  [
    INPUT,
    'a configuration',
    err('Invalid configuration object. Webpack has been initialized'),
    'VALIDATION',
    'unknown',
  ],
];

describe('classify', () => {
  test.each(ROWS)('says "%s" of %s', (rule, _what, given, category, type) => {
    const found = classify(failure(given));
    expect(found.rule).toContain(`"${rule}"`);
    expect(found).toMatchObject({ category, type });
  });

  test('has a row above for every rule', () => {
    const covered = new Set(ROWS.map(([rule]) => rule));
    expect(CLASSIFICATION_RULES.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  test.each([
    ['a passing run', out('Tests:       0 failed, 7 passed, 7 total', '# fail 0')],
    ['exit status 1 alone', { exitCode: 1 }],
    ['a word that holds the letters oom', { message: 'the zoom room is closed' }],
    ['an error class whose name holds the letters enotfound', err("FileNotFoundError: 'a.txt'")],
    ['a signal nobody knows', { signal: 'SIGUSR1' }],
    ['an HTTP status that is no failure', { httpStatus: 304 }],
    ['a code that only begins like a known one', code('ENOSPCX')],
  ] as [string, Partial<FailureInput>][])('knows nothing of %s', (_what, given) => {
    expect(classify(failure(given))).toEqual({
      category: 'UNKNOWN',
      type: 'unknown',
      severity: 'MEDIUM',
      rule: 'no rule fits',
    });
  });

  test('asks the deepest cause first', () => {
    const found = classify(
      failure({
        message: 'the quality gate failed',
        causes: [{ message: 'Tests: 3 failed, 1 passed' }, { message: 'connect failed', code: 'ECONNREFUSED' }],
      }),
    );
    expect(found).toMatchObject({
      category: 'TRANSIENT',
      type: 'network',
      rule: 'rule "network error code" fits cause 2',
    });
  });

  test('goes up the chain past causes that say nothing', () => {
    const found = classify(
      failure({ message: 'wrapped', causes: [{ message: 'Tests: 3 failed' }, { message: 'odd' }] }),
    );
    expect(found).toMatchObject({ type: 'test_failure', rule: expect.stringContaining('fits cause 1') });
  });

  test('asks the failure itself last', () => {
    const found = classify(failure({ code: 'ENOSPC', causes: [{ message: 'odd' }] }));
    expect(found).toMatchObject({
      type: 'resource_exhaustion',
      rule: expect.stringContaining('fits the failure itself'),
    });
  });

  test('takes a code over what the text says', () => {
    expect(classify(failure({ code: 'ENOSPC', message: 'connection refused' })).type).toBe('resource_exhaustion');
  });

  describe('what the reporter said stands', () => {
    test.each(FAILURE_TYPES)('type %s, with the category that goes with it', (type) => {
      const found = classify(failure({ type, code: 'ENOSPC' }));
      expect(found).toMatchObject({ type, category: CATEGORY_OF_TYPE[type], rule: `the reporter said it is ${type}` });
      expect(found.severity).toBe(SEVERITY_OF_CATEGORY[found.category]);
    });

    test.each(CATEGORIES)('category %s, while the rules find the type', (category) => {
      expect(classify(failure({ category, code: 'ECONNREFUSED' }))).toMatchObject({ category, type: 'network' });
    });

    test.each(CATEGORIES)('category %s alone', (category) => {
      const found = classify(failure({ category }));
      expect(found).toEqual({
        category,
        type: 'unknown',
        severity: SEVERITY_OF_CATEGORY[category],
        rule: `the reporter said it is ${category}`,
      });
    });

    test('type and category, though they do not go together', () => {
      expect(classify(failure({ type: 'git', category: 'CRITICAL' }))).toMatchObject({
        type: 'git',
        category: 'CRITICAL',
        severity: 'CRITICAL',
      });
    });

    test('severity', () => {
      expect(classify(failure({ severity: 'LOW', code: 'ENOSPC' }))).toMatchObject({
        category: 'RESOURCE',
        severity: 'LOW',
      });
    });
  });

  describe('users’ own rules', () => {
    const own: ClassificationRule[] = [
      {
        name: 'card refused',
        source: 'user',
        message: /card refused/i,
        then: { category: 'VALIDATION', type: 'api_failure', severity: 'LOW' },
      },
    ];

    test('go before the built-in ones, even where those fit a deeper cause', () => {
      const given = failure({ message: 'Card refused', causes: [{ message: 'x', code: 'ECONNREFUSED' }] });
      expect(classify(given).type).toBe('network');
      expect(classify(given, own)).toEqual({
        category: 'VALIDATION',
        type: 'api_failure',
        severity: 'LOW',
        rule: 'rule "card refused" (user) fits the failure itself',
      });
    });

    test('leave what they do not fit to the built-in ones', () => {
      expect(classify(failure({ code: 'ENOSPC' }), own).type).toBe('resource_exhaustion');
    });
  });

  test('does not change the failure', () => {
    const given = failure({ causes: [{ message: 'first' }, { message: 'second' }] });
    const before = structuredClone(given);
    classify(given);
    expect(given).toEqual(before);
  });
});
