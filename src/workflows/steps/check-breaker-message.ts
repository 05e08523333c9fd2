import { DEFAULT_BREAKER_SETTINGS, MAX_LEASE_MS, MAX_RESULTS, type BreakerSettings } from '../../domain/breaker.ts';
import { fieldsOf, isDuration, isNumber, isText, need, type Fields } from './check-message.ts';

/** Throws `invalid-input` for a request to call that has the wrong shape. */
export function checkAcquire(given: unknown): void {
  const { key, by, leaseMs } = fieldsOf(given);
  need(isText(key), 'key', 'must name the call');
  need(isText(by), 'by', 'must name who calls');
  need(
    isNumber(leaseMs) && leaseMs > 0 && leaseMs <= MAX_LEASE_MS,
    'leaseMs',
    `must be a number of milliseconds up to ${MAX_LEASE_MS}`,
  );
}

const isResult = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  const { ok, durationMs } = value as Fields;
  return typeof ok === 'boolean' && isNumber(durationMs) && durationMs >= 0;
};

/** Throws `invalid-input` for a report that has the wrong shape. */
export function checkReport(given: unknown): void {
  const { id, by, generation, results, leaseId } = fieldsOf(given);
  need(isText(id), 'id', 'must name the report');
  need(isText(by), 'by', 'must name who reports');
  need(isNumber(generation), 'generation', 'must be the one that the admission named');
  need(leaseId === undefined || isText(leaseId), 'leaseId', 'must be the one that the admission named');
  const fits = Array.isArray(results) && results.length <= MAX_RESULTS && results.every(isResult);
  need(fits, 'results', `must be a list of at most ${MAX_RESULTS} of {"ok": true, "durationMs": 12}`);
}

/** Throws `invalid-input` for a change by hand that does not say who makes it and why. */
export function checkManualChange(given: unknown): void {
  const { by, reason } = fieldsOf(given);
  need(isText(by), 'by', 'must name who changes it');
  need(isText(reason), 'reason', 'must say why');
}

/** The same for a forced close, which may name its mode. */
export function checkForceClose(given: unknown): void {
  checkManualChange(given);
  const { mode } = fieldsOf(given);
  const fits = mode === undefined || mode === 'DISABLED' || mode === 'METRICS_ONLY';
  need(fits, 'mode', 'must be DISABLED or METRICS_ONLY');
}

const isWhole = (value: unknown, most: number): boolean =>
  isNumber(value) && Number.isInteger(value) && value >= 1 && value <= most;

/** The rules of `BreakerSettingsSchema` without zod, which would double the cost of loading the workflow. */
const SETTINGS: Record<keyof BreakerSettings, [(value: unknown) => boolean, string]> = {
  failureRateThreshold: [(rate) => isNumber(rate) && rate > 0 && rate <= 100, 'must be a percentage above 0'],
  slowCallRateThreshold: [(rate) => isNumber(rate) && rate > 0 && rate <= 100, 'must be a percentage above 0'],
  slowCallDurationThreshold: [isDuration, 'must be a duration such as "2s"'],
  minimumNumberOfCalls: [(calls) => isWhole(calls, 1000), 'must be a whole number from 1 to 1000'],
  slidingWindowType: [(type) => type === 'COUNT_BASED' || type === 'TIME_BASED', 'must be COUNT_BASED or TIME_BASED'],
  slidingWindowSize: [(size) => isWhole(size, 1000), 'must be a whole number of calls or seconds from 1 to 1000'],
  waitDurationInOpenState: [isDuration, 'must be a duration such as "60s"'],
  permittedNumberOfCallsInHalfOpenState: [(calls) => isWhole(calls, 100), 'must be a whole number from 1 to 100'],
  maxWaitDurationInHalfOpenState: [isDuration, 'must be a duration such as "60s"'],
  automaticTransitionFromOpenToHalfOpenEnabled: [(on) => typeof on === 'boolean', 'must be true or false'],
};

/** The same for new settings, all or some of them. */
export function checkConfigure(given: unknown): void {
  checkManualChange(given);
  const settings = fieldsOf(fieldsOf(given)['settings']);
  for (const [name, value] of Object.entries(settings)) {
    need(name in DEFAULT_BREAKER_SETTINGS, `settings.${name}`, 'is no setting of a breaker');
    const [fits, remedy] = SETTINGS[name as keyof BreakerSettings];
    need(fits(value), `settings.${name}`, remedy);
  }
}
