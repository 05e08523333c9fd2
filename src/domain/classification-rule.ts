import type { Category, FailureType, Severity } from './failure.ts';

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
  /** Absent: a built-in one. */
  source?: 'user';
}
