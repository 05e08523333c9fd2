import type { ClassificationRule } from '../domain/classification-rule.ts';
import type { Category, FailureType, Severity } from '../domain/failure.ts';
import { DATABASE_CODE_RULES, DATABASE_TEXT_RULES } from './rules/database.ts';
import { GIT_RULES } from './rules/git.ts';
import { HTTP_RULES } from './rules/http.ts';
import { NODE_RULES } from './rules/node.ts';
import { CRASH_RULES, PROCESS_RULES } from './rules/process.ts';
import { TEMPORAL_RULES } from './rules/temporal.ts';
import { GATE_RULES, TEST_RULES } from './rules/test-output.ts';
import { LAST_TEXT_RULES, ROOT_TEXT_RULES } from './rules/texts.ts';

/** First match wins, the deepest cause is asked first; numbers and codes before texts (requirements 3.1 to 3.3, 3.5). */
export const CLASSIFICATION_RULES: readonly ClassificationRule[] = [
  ...HTTP_RULES,
  ...TEMPORAL_RULES,
  ...NODE_RULES,
  ...DATABASE_CODE_RULES,
  ...PROCESS_RULES,
  ...DATABASE_TEXT_RULES,
  ...ROOT_TEXT_RULES,
  ...TEST_RULES,
  ...GIT_RULES,
  ...GATE_RULES,
  ...LAST_TEXT_RULES,
  ...CRASH_RULES,
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
  process: 'CRITICAL',
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
