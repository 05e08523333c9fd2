import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** Roots before what they bring about: a lost service fails tests, failing tests lower the coverage. */
export const ROOT_TEXT_RULES: readonly ClassificationRule[] = [
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
    name: 'versions do not go together',
    message:
      /\bERESOLVE\b|unable to resolve dependency tree|conflicting peer dependency|ResolutionImpossible|version solving failed|\bEBADENGINE\b|\bcode ETARGET\b/i,
    then: { category: 'VALIDATION', type: 'dependency', severity: 'HIGH' },
  },
  {
    name: 'the cache of packages is damaged',
    message: /\bEINTEGRITY\b|integrity checksum failed/i,
    then: { category: 'RESOURCE', type: 'cache', severity: 'MEDIUM' },
  },
  {
    name: 'modules need each other in a circle',
    message:
      /inside circular dependency|circular dependency (detected|found)|found [1-9]\d* circular dependenc|cannot access '[^']{1,100}' before initialization/i,
    then: { category: 'LOGIC', type: 'dependency', severity: 'HIGH' },
  },
  {
    name: 'the text is that of a missing module',
    message: /cannot find (module|package)|no module named|module not found/i,
    then: { category: 'LOGIC', type: 'module', severity: 'HIGH' },
  },
];

/** What is left, from the telling to the vague. */
export const LAST_TEXT_RULES: readonly ClassificationRule[] = [
  {
    name: 'a value in the text does not serialise',
    message: /circular structure to JSON|serialize a BigInt|DataCloneError/,
    then: { category: 'LOGIC', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'a command in the text is not there',
    message: /^(\S+: )?(line \d+: )?\S+: command not found|spawn \S+ ENOENT/m,
    then: { category: 'VALIDATION', type: 'command', severity: 'HIGH' },
  },
  {
    name: 'a person interrupted it',
    message: /cancell?ed by (the )?user|aborted by (the )?user|interrupted by user|^KeyboardInterrupt/im,
    then: { category: 'VALIDATION', type: 'command', severity: 'LOW' },
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
    message:
      /syntax ?error|\bERR_(?:INVALID_ARG_\w+|MISSING_ARGS)\b|invalid (argument|configuration|input)|validation (failed|error)|missing required/i,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'MEDIUM' },
  },
];
