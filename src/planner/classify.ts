import type { Classification, Failure } from '../domain/failure.ts';
import {
  CATEGORY_OF_TYPE,
  CLASSIFICATION_RULES,
  SEVERITY_OF_CATEGORY,
  type ClassificationRule,
} from './classification-rules.ts';

/** One link of the cause chain, in the shape that rules look at. */
interface Evidence {
  where: string;
  code?: string | undefined;
  errorName?: string | undefined;
  message: string;
  exitCode?: number | undefined;
  signal?: string | undefined;
  httpStatus?: number | undefined;
}

function matches(rule: ClassificationRule, evidence: Evidence): boolean {
  if (rule.code && !rule.code.test(evidence.code ?? '')) return false;
  if (rule.errorName && !rule.errorName.test(evidence.errorName ?? '')) return false;
  if (rule.message && !rule.message.test(evidence.message)) return false;
  if (rule.exitCode && !rule.exitCode.includes(evidence.exitCode ?? Number.NaN)) return false;
  if (rule.signal && !rule.signal.includes(evidence.signal ?? '')) return false;
  const status = evidence.httpStatus ?? 0;
  return !rule.httpStatus || (status >= rule.httpStatus[0] && status <= rule.httpStatus[1]);
}

/** Colours of a terminal hide the borders of words from the rules. */
const withoutColour = (text: string): string => text.replace(/\u001b\[[\d;]*m/g, '');

/** Deepest cause first: what a wrapper says about an error is worth less than the error. */
function chainOf(failure: Failure): Evidence[] {
  const causes = failure.causes.map((cause, index) => ({
    where: `cause ${index + 1}`,
    code: cause.code,
    errorName: cause.name,
    message: cause.message,
  }));
  const top = {
    where: 'the failure itself',
    code: failure.code,
    errorName: failure.errorName,
    message: withoutColour([failure.message, failure.stderr ?? '', failure.stdout ?? ''].join('\n')),
    exitCode: failure.exitCode,
    signal: failure.signal,
    httpStatus: failure.httpStatus,
  };
  return [...causes.reverse(), top];
}

function findRule(failure: Failure): { rule: ClassificationRule; where: string } | undefined {
  for (const evidence of chainOf(failure)) {
    const rule = CLASSIFICATION_RULES.find((candidate) => matches(candidate, evidence));
    if (rule) return { rule, where: evidence.where };
  }
  return undefined;
}

/** Says what kind of failure this is. What the reporter stated stands; the rules fill in the rest. */
export function classify(failure: Failure): Classification {
  const found = failure.type && failure.category ? undefined : findRule(failure);
  const type = failure.type ?? found?.rule.then.type ?? 'unknown';
  const category =
    failure.category ?? (failure.type ? CATEGORY_OF_TYPE[failure.type] : found?.rule.then.category) ?? 'UNKNOWN';
  const severity =
    failure.severity ?? (failure.type ? undefined : found?.rule.then.severity) ?? SEVERITY_OF_CATEGORY[category];
  const rule = failure.type
    ? `the reporter said it is ${failure.type}`
    : failure.category && !found
      ? `the reporter said it is ${failure.category}`
      : found
        ? `rule "${found.rule.name}" fits ${found.where}`
        : 'no rule fits';
  return { category, type, severity, rule };
}
