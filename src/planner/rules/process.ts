import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** How a process ended, where that alone tells the kind. */
export const PROCESS_RULES: readonly ClassificationRule[] = [
  {
    name: 'interrupted by a person',
    signal: ['SIGINT', 'SIGQUIT'],
    then: { category: 'VALIDATION', type: 'command', severity: 'LOW' },
  },
  {
    name: 'exit status 130 or 131, interrupted by a person',
    exitCode: [130, 131],
    then: { category: 'VALIDATION', type: 'command', severity: 'LOW' },
  },
  {
    name: 'told to stop by SIGTERM or SIGHUP',
    signal: ['SIGTERM', 'SIGHUP'],
    then: { category: 'TRANSIENT', type: 'unknown', severity: 'MEDIUM' },
  },
  {
    name: 'exit status 143 or 129, told to stop',
    exitCode: [129, 143],
    then: { category: 'TRANSIENT', type: 'unknown', severity: 'MEDIUM' },
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
    name: 'stopped by a limit of CPU time or file size',
    signal: ['SIGXCPU', 'SIGXFSZ'],
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
  },
  {
    name: 'exit status 152 or 153, a limit of CPU time or file size',
    exitCode: [152, 153],
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
];

/** Asked after the texts: what the process printed before it crashed says more. */
export const CRASH_RULES: readonly ClassificationRule[] = [
  {
    name: 'the process crashed',
    signal: ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS'],
    then: { category: 'LOGIC', type: 'crashed', severity: 'HIGH' },
  },
  {
    name: 'exit status 132 to 139, the process crashed',
    exitCode: [132, 133, 134, 135, 136, 139, 159],
    then: { category: 'LOGIC', type: 'crashed', severity: 'HIGH' },
  },
];
