import { MAX_HELD, MAX_HELD_BYTES, SERVICE_CHANGES } from '../../domain/service.ts';
import type { HeldOperation } from '../../domain/service.schema.ts';
import { fieldsOf, isDuration, isFields, isListOf, isNumber, isText, need, refusal } from './check-message.ts';

const isPositive = (value: unknown): boolean => isNumber(value) && value > 0;
const isOptional = (value: unknown): boolean => value === undefined || isPositive(value);

/** The rules of `RateSpecSchema`, which the sandbox does without. */
const isRate = (rate: unknown): boolean =>
  isFields(rate) &&
  [rate['perSecond'], rate['factor']].every(isPositive) &&
  [rate['minPerSecond'], rate['increasePerSecond']].every(isOptional) &&
  isDuration(rate['quietPeriod']);

/** Throws `invalid-input` for a change of the wrong shape. */
export function checkServiceChange(given: unknown): void {
  const { id, by, reason, type, hold, until, percent, rate } = fieldsOf(given);
  need(isText(id), 'id', 'must name the change');
  need(isText(by), 'by', 'must name who makes the change');
  need(isText(reason), 'reason', 'must say why');
  need((SERVICE_CHANGES as readonly unknown[]).includes(type), 'type', `must be one of ${SERVICE_CHANGES.join(', ')}`);
  if (type === 'degrade') {
    need(isText(hold), 'hold', 'must name the reason of the degradation');
    need(until === null || isNumber(until), 'until', 'must be a time in milliseconds, or null');
  }
  if (type === 'restore') need(hold === undefined || isText(hold), 'hold', 'must name the reason of the degradation');
  if (type === 'throttle') need(isRate(rate), 'rate', 'must be that of the component');
  if (type === 'traffic') {
    need(
      isNumber(percent) && Number(percent) > 0 && Number(percent) <= 100,
      'percent',
      'must be above 0 and up to 100',
    );
    need(rate === undefined || isRate(rate), 'rate', 'must be that of the component');
  }
}

/** Throws `invalid-input` for what is no list of ids. */
export function checkDropHeld(given: unknown): void {
  need(isListOf(isText, fieldsOf(given)['ids']), 'ids', 'must be the ids of operations');
}

/** Throws `invalid-input` for one of the wrong shape, or one too many. */
export function checkHeldOperation(given: unknown, held: readonly HeldOperation[]): void {
  const { id, statement, values } = fieldsOf(given);
  need(isText(id), 'id', 'must name the operation');
  need(isText(statement), 'statement', 'must name a statement of the component');
  need(Array.isArray(values), 'values', 'must be a list');
  if (held.some((other) => other.id === id)) return;
  const bytes = JSON.stringify(held).length + JSON.stringify(given).length;
  if (held.length >= MAX_HELD || bytes > MAX_HELD_BYTES)
    throw refusal(`no more than ${MAX_HELD} operations or ${MAX_HELD_BYTES} bytes are held: keep this one yourself`);
}
