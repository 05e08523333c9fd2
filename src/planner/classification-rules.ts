import type { Category, FailureType, Severity } from '../domain/failure.ts';

/** All given conditions must hold on one link of the cause chain. */
export interface ClassificationRule {
  name: string;
  code?: RegExp;
  message?: RegExp;
  errorName?: RegExp;
  exitCode?: readonly number[];
  signal?: readonly string[];
  httpStatus?: readonly [from: number, to: number];
  then: { category: Category; type: FailureType; severity: Severity };
}

/** First match wins, the deepest cause is asked first (requirements 3.1 to 3.3, 3.5). */
export const CLASSIFICATION_RULES: readonly ClassificationRule[] = [
  {
    name: 'HTTP 429, too many requests',
    httpStatus: [429, 429],
    then: { category: 'EXTERNAL', type: 'rate_limit', severity: 'MEDIUM' },
  },
  {
    name: 'HTTP 401 or 403, not allowed',
    httpStatus: [401, 403],
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'HTTP 408, request time-out',
    httpStatus: [408, 408],
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'HTTP 504, time-out upstream',
    httpStatus: [504, 504],
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'HTTP 5xx, the service failed',
    httpStatus: [500, 599],
    then: { category: 'EXTERNAL', type: 'api_failure', severity: 'HIGH' },
  },
  {
    name: 'HTTP 4xx, the request was refused',
    httpStatus: [400, 499],
    then: { category: 'VALIDATION', type: 'api_failure', severity: 'MEDIUM' },
  },
  {
    name: 'command not found',
    code: /^(command-not-found)$/,
    then: { category: 'VALIDATION', type: 'command', severity: 'HIGH' },
  },
  {
    name: 'network error code',
    code: /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|ENOTFOUND|UND_ERR_SOCKET)$/,
    then: { category: 'TRANSIENT', type: 'network', severity: 'MEDIUM' },
  },
  {
    name: 'time-out code',
    code: /^(ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|command-timeout|timed-out|TimeoutError)$/,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'resource used up',
    code: /^(ENOSPC|ENOMEM|EMFILE|ENFILE|EDQUOT|disk-full|ERR_WORKER_OUT_OF_MEMORY|53100|53200|53300)$/,
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'permission denied',
    code: /^(EACCES|EPERM|28000|28P01|42501)$/,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'missing module',
    code: /^(MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND)$/,
    then: { category: 'LOGIC', type: 'module', severity: 'HIGH' },
  },
  {
    name: 'database error code',
    code: /^(08[0-9A-Z]{3}|57P0[1-3]|40001|40P01)$/,
    then: { category: 'EXTERNAL', type: 'database', severity: 'HIGH' },
  },
  {
    name: 'killed by SIGKILL, mostly for lack of memory',
    signal: ['SIGKILL'],
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'exit status 137, killed, mostly for lack of memory',
    exitCode: [137],
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'exit status 126 or 127, a shell found no such command',
    exitCode: [126, 127],
    then: { category: 'VALIDATION', type: 'command', severity: 'HIGH' },
  },
  {
    name: 'exit status 124, timeout(1)',
    exitCode: [124],
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  // Texts. Roots before what they bring about: a lost service fails tests, failing tests lower the coverage.
  {
    name: 'the text names a refused or lost connection',
    message:
      /\b(?:ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH)\b|connection (refused|reset)|could not resolve host|network is unreachable|socket hang up|fetch failed/i,
    then: { category: 'TRANSIENT', type: 'network', severity: 'MEDIUM' },
  },
  {
    name: 'the text names lack of disk or memory',
    message:
      /no space left on device|\bENOSPC\b|out of memory|heap out of memory|cannot allocate memory|too many open files/i,
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'the text is that of a missing module',
    message: /cannot find (module|package)|no module named|module not found/i,
    then: { category: 'LOGIC', type: 'module', severity: 'HIGH' },
  },
  {
    name: 'a quality gate said no',
    message: /quality gate/i,
    then: { category: 'VALIDATION', type: 'quality_gate', severity: 'MEDIUM' },
  },
  {
    name: 'a test runner reported failing tests',
    message:
      /\b[1-9]\d* (failed|failing)\b|^not ok \d+|[#ℹ] fail [1-9]|AssertionError|Tests?:\s+[1-9]\d* failed|=+ FAILURES =+|--- FAIL:/im,
    then: { category: 'LOGIC', type: 'test_failure', severity: 'HIGH' },
  },
  {
    name: 'git may not sign in',
    message: /permission denied \(publickey|fatal: authentication failed|fatal: could not read (username|password)/i,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'git said so',
    message:
      /\bfatal: (not a git repository|unable to|bad object|could not|couldn't|refusing to merge|remote error|ambiguous argument)|index\.lock|CONFLICT \(|non-fast-forward|detached HEAD|\berror: (failed to push some refs|pathspec |your local changes)|unmerged (paths|files)/i,
    then: { category: 'LOGIC', type: 'git', severity: 'MEDIUM' },
  },
  {
    name: 'coverage or lint is below the mark',
    message: /coverage .*(below|threshold|does not meet|not reached)|\b\d+ problems? \(\d+ errors?/i,
    then: { category: 'VALIDATION', type: 'quality_gate', severity: 'MEDIUM' },
  },
  {
    name: 'the text names a time-out',
    message: /\btimed? ?out\b|\bETIMEDOUT\b|deadline exceeded/i,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'authentication failed',
    message: /unauthori[sz]ed|authentication failed|permission denied|invalid credentials|token (has )?expired/i,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'invalid input',
    message: /syntax ?error|invalid (argument|configuration|input)|validation (failed|error)|missing required/i,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'MEDIUM' },
  },
];

/** What a failure of a known type is, when nobody gave its category. */
export const CATEGORY_OF_TYPE: Record<FailureType, Category> = {
  timeout: 'TRANSIENT',
  test_failure: 'LOGIC',
  quality_gate: 'VALIDATION',
  resource_exhaustion: 'RESOURCE',
  network: 'TRANSIENT',
  git: 'LOGIC',
  unknown: 'UNKNOWN',
  api_failure: 'EXTERNAL',
  database: 'EXTERNAL',
  cache: 'EXTERNAL',
  rate_limit: 'EXTERNAL',
  link: 'LOGIC',
  module: 'LOGIC',
  command: 'VALIDATION',
  quality: 'VALIDATION',
  integration: 'EXTERNAL',
  dependency: 'EXTERNAL',
  performance: 'RESOURCE',
  crashed: 'CRITICAL',
  disconnected: 'TRANSIENT',
  corrupted: 'LOGIC',
  frozen: 'TRANSIENT',
};

export const SEVERITY_OF_CATEGORY: Record<Category, Severity> = {
  TRANSIENT: 'MEDIUM',
  VALIDATION: 'MEDIUM',
  RESOURCE: 'HIGH',
  LOGIC: 'HIGH',
  EXTERNAL: 'MEDIUM',
  SECURITY: 'HIGH',
  CRITICAL: 'CRITICAL',
  UNKNOWN: 'MEDIUM',
};
