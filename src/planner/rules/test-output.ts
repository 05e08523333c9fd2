import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** Test runners, and gates of quality. */
export const TEST_RULES: readonly ClassificationRule[] = [
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
    name: 'a JUnit report counts failures',
    message: /<testsuites?\b[^>]{0,2000}\b(failures|errors)="[1-9]/,
    then: { category: 'LOGIC', type: 'test_failure', severity: 'HIGH' },
  },
];

/** After git: its messages may speak of checks too. */
export const GATE_RULES: readonly ClassificationRule[] = [
  {
    name: 'coverage or lint is below the mark',
    message: /coverage .*(below|threshold|does not meet|not reached)|\b\d+ problems? \(\d+ errors?/i,
    then: { category: 'VALIDATION', type: 'quality_gate', severity: 'MEDIUM' },
  },
  {
    name: 'the compiler found errors',
    message: /\berror TS\d{3,5}:|^Found \d+ errors?( in|\.)/m,
    then: { category: 'VALIDATION', type: 'quality_gate', severity: 'MEDIUM' },
  },
  {
    name: 'the code is not in the agreed format',
    message: /code style issues (found )?in|files? would be reformatted/i,
    then: { category: 'VALIDATION', type: 'quality_gate', severity: 'LOW' },
  },
];
