import { ApplicationFailure, log } from '@temporalio/workflow';
import { toMs, type Duration } from '../../domain/duration.ts';

export type Fields = Record<string, unknown>;

export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isDuration = (value: unknown): boolean => {
  try {
    // A number without a unit is no duration.
    return typeof value === 'string' && /[a-z]/i.test(value) && toMs(value as Duration) >= 0;
  } catch {
    return false;
  }
};

export const isListOf = (fits: (value: unknown) => boolean, value: unknown): value is unknown[] =>
  Array.isArray(value) && value.every(fits);

export const refusal = (why: string): ApplicationFailure => ApplicationFailure.nonRetryable(why, 'invalid-input');

/** Throws `invalid-input` that names the field and the remedy. */
export function need(holds: boolean, field: string, remedy: string): asserts holds {
  if (!holds) throw refusal(`field "${field}" ${remedy}`);
}

export function fieldsOf(given: unknown): Fields {
  if (isFields(given)) return given;
  throw refusal('the message is not an object');
}

/** Throws `invalid-input` where one of the fields is no text. */
export const needTexts =
  (...fields: string[]) =>
  (given: unknown): void => {
    const message = fieldsOf(given);
    for (const field of fields) need(isText(message[field]), field, 'must be a text');
  };

/** A signal has nobody to refuse it to: what has the wrong shape is logged and changes nothing. `about`: fields of that line. */
export function takeChecked<Message>(
  message: Message,
  check: (message: Message) => void,
  take: (message: Message) => void,
  { what, ...about }: { what: string; [field: string]: unknown },
): void {
  try {
    check(message);
  } catch (error) {
    log.warn(`${what} was refused`, { ...about, error });
    return;
  }
  take(message);
}
