import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** By status, as a response or an error of an HTTP client gives it. */
export const HTTP_RULES: readonly ClassificationRule[] = [
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
    name: 'HTTP 507, no storage left',
    httpStatus: [507, 507],
    then: { category: 'RESOURCE', type: 'resource_exhaustion', severity: 'HIGH' },
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
];
