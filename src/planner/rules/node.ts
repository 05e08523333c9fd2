import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** By the codes and names of errors that Node, its libraries and its package manager throw. */
export const NODE_RULES: readonly ClassificationRule[] = [
  {
    name: 'the command to start is not there',
    code: /^ENOENT$/,
    message: /^spawn /m,
    then: { category: 'VALIDATION', type: 'command', severity: 'HIGH' },
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
    name: 'a certificate is not trusted',
    code: /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|ERR_TLS_CERT_ALTNAME_INVALID)$/,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'time-out code',
    code: /^(ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|command-timeout|timed-out|TimeoutError)$/,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'a time limit of AbortSignal was over',
    errorName: /^TimeoutError$/,
    then: { category: 'TRANSIENT', type: 'timeout', severity: 'MEDIUM' },
  },
  {
    name: 'cancelled by who called',
    errorName: /^AbortError$/,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'LOW' },
  },
  {
    name: 'resource used up',
    code: /^(ENOSPC|ENOMEM|EMFILE|ENFILE|EDQUOT|disk-full|ERR_WORKER_OUT_OF_MEMORY|53100|53200|53300)$/,
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'the address is in use',
    code: /^(EADDRINUSE|port-taken)$/,
    then: { category: 'RESOURCE', type: 'unknown', severity: 'MEDIUM' },
  },
  {
    name: 'busy for the moment',
    code: /^(EBUSY|EAGAIN|ETXTBSY)$/,
    then: { category: 'TRANSIENT', type: 'unknown', severity: 'MEDIUM' },
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
    name: 'circular dependency of modules',
    code: /^(ERR_REQUIRE_CYCLE_MODULE)$/,
    then: { category: 'LOGIC', type: 'dependency', severity: 'HIGH' },
  },
  {
    name: 'version conflict',
    code: /^(ERESOLVE|EPEERINVALID|ETARGET|EBADENGINE|ENOVERSIONS)$/,
    then: { category: 'VALIDATION', type: 'dependency', severity: 'HIGH' },
  },
  {
    name: 'a package does not have its checksum',
    code: /^(EINTEGRITY)$/,
    then: { category: 'RESOURCE', type: 'cache', severity: 'MEDIUM' },
  },
  {
    name: 'a missing or wrong parameter',
    code: /^(ERR_INVALID_ARG_(TYPE|VALUE)|ERR_MISSING_ARGS|ERR_OUT_OF_RANGE|ERR_INVALID_URL|ERR_PARSE_ARGS_\w+|commander\.\w+|invalid-input)$/,
    then: { category: 'VALIDATION', type: 'command', severity: 'MEDIUM' },
  },
  {
    name: 'an assertion failed',
    code: /^(ERR_ASSERTION|ERR_TEST_FAILURE)$/,
    then: { category: 'LOGIC', type: 'test_failure', severity: 'HIGH' },
  },
  {
    name: 'a value does not serialise',
    errorName: /^(TypeError|DataCloneError)$/,
    message: /circular structure to JSON|serialize a BigInt|could not be cloned/,
    then: { category: 'LOGIC', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'invalid syntax',
    errorName: /^(SyntaxError|YAMLParseError|TomlError)$/,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'MEDIUM' },
  },
  {
    name: 'recursion without end',
    errorName: /^RangeError$/,
    message: /maximum call stack/i,
    then: { category: 'LOGIC', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'a file or directory is missing',
    code: /^(ENOENT|ENOTDIR|EISDIR)$/,
    then: { category: 'VALIDATION', type: 'unknown', severity: 'MEDIUM' },
  },
];
