import type { ClassificationRule } from '../domain/classification-rule.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import { withoutColour } from '../domain/without-colour.ts';
import { CATEGORY_OF_TYPE, CLASSIFICATION_RULES, SEVERITY_OF_CATEGORY } from './classification-rules.ts';

/** What of a command's output the rules read: its end, where runners sum up. */
const OUTPUT_LIMIT = 200_000;

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
    message: withoutColour(
      [failure.message, ...[failure.stderr, failure.stdout].map((text) => text?.slice(-OUTPUT_LIMIT) ?? '')].join('\n'),
    ),
    exitCode: failure.exitCode,
    signal: failure.signal,
    httpStatus: failure.httpStatus,
  };
  return [...causes.reverse(), top];
}

interface Found {
  rule: ClassificationRule;
  where: string;
}

function findRule(failure: Failure, rules: readonly ClassificationRule[]): Found | undefined {
  for (const evidence of chainOf(failure)) {
    const rule = rules.find((candidate) => matches(candidate, evidence));
    if (rule) return { rule, where: evidence.where };
  }
  return undefined;
}

/** A user's rule goes before a built-in one even where that one fits a deeper cause. */
const findAny = (failure: Failure, own: readonly ClassificationRule[]): Found | undefined =>
  (own.length > 0 ? findRule(failure, own) : undefined) ?? findRule(failure, CLASSIFICATION_RULES);

/** Says what kind of failure this is. What the reporter stated stands; the rules, users' own first, fill in the rest. */
export function classify(failure: Failure, own: readonly ClassificationRule[] = []): Classification {
  const found = failure.type && failure.category ? undefined : findAny(failure, own);
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
        ? `rule "${found.rule.name}"${found.rule.source === 'user' ? ' (user)' : ''} fits ${found.where}`
        : 'no rule fits';
  return { category, type, severity, rule };
}
