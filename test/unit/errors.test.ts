import { ServiceError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
  ensureTemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { translateError } from '../../src/client/errors.ts';
import { asActivity } from '../../src/activities/support/as-activity.ts';
import { codeOf, ERROR_CODES, isRerailError, messageOf, RerailError } from '../../src/domain/errors.ts';
import { recordError, toRecorded } from '../../src/workflows/steps/record-error.ts';

describe('RerailError', () => {
  test('has defaults, and keeps what it is given', () => {
    expect(new RerailError('disk-full', 'm')).toMatchObject({
      name: 'RerailError',
      code: 'disk-full',
      message: 'm',
      remedy: undefined,
      details: {},
      nonRetryable: false,
    });
    const cause = new Error('c');
    const error = new RerailError('disk-full', 'm', { remedy: 'r', details: { a: 1 }, cause, nonRetryable: true });
    expect(error).toMatchObject({ remedy: 'r', details: { a: 1 }, cause, nonRetryable: true });
    expect('cause' in new RerailError('disk-full', 'm')).toBe(false);
  });

  test('is known by its name and code, since copies and realms differ', () => {
    const copy = Object.assign(new Error('m'), { name: 'RerailError', code: 'disk-full' });
    expect(isRerailError(copy)).toBe(true);
    expect(isRerailError(new RerailError('disk-full', 'm'))).toBe(true);
    for (const other of [
      new Error('m'),
      Object.assign(new Error('m'), { name: 'RerailError' }),
      { name: 'RerailError', code: 'x' },
      undefined,
    ]) {
      expect(isRerailError(other)).toBe(false);
    }
  });

  test('codes are slugs, sorted enough to be found and unique', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
    for (const code of ERROR_CODES) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

test.each([
  [new Error('m'), 'm'],
  ['text', 'text'],
  [undefined, 'undefined'],
])('messageOf(%j)', (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});

test.each([
  [Object.assign(new Error('m'), { code: 'ENOENT' }), 'ENOENT'],
  [Object.assign(new Error('m'), { code: 23 }), undefined],
  [new Error('m'), undefined],
  [{ code: 'ENOENT' }, undefined],
  ['ENOENT', undefined],
])('codeOf %#', (thrown, code) => {
  expect(codeOf(thrown)).toBe(code);
});

const converter = new DefaultFailureConverter();

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  return asActivity(work)().then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** What the workflow catches: the failure after its way over the wire, inside that of the activity. */
async function caught(work: () => Promise<unknown>): Promise<ActivityFailure> {
  const wire = converter.errorToFailure(ensureTemporalFailure(await thrownBy(work)), defaultPayloadConverter);
  const cause = converter.failureToError(structuredClone(wire), defaultPayloadConverter);
  return new ActivityFailure('Activity task failed', 'runCommand', '1', 'IN_PROGRESS', 'worker', cause);
}

describe('an error on its way from an activity to a workflow', () => {
  const fail = (error: unknown) => async (): Promise<never> => {
    throw error;
  };

  test('ours ends the activity and keeps code, message, remedy and details', async () => {
    const error = new RerailError('command-failed', 'npm test ended with exit code 1', {
      remedy: 'Mend it.',
      details: { exitCode: 1, stdout: 'ü', list: [1, null] },
    });
    expect(await thrownBy(fail(error))).toMatchObject({ type: 'command-failed', nonRetryable: true });
    const recorded = recordError(await caught(fail(error)));
    expect(recorded).toEqual({
      code: 'command-failed',
      message: 'npm test ended with exit code 1',
      remedy: 'Mend it.',
      details: { exitCode: 1, stdout: 'ü', list: [1, null] },
      retryable: true,
    });
    expect(toRecorded(recorded)).not.toHaveProperty('retryable');
  });

  test('ours without remedy and details has neither', async () => {
    expect(recordError(await caught(fail(new RerailError('disk-full', 'full'))))).toEqual({
      code: 'disk-full',
      message: 'full',
      retryable: true,
    });
  });

  test('a refusal is not for the plan to try again', async () => {
    expect(
      recordError(await caught(fail(new RerailError('invalid-input', 'no', { nonRetryable: true })))),
    ).toMatchObject({ retryable: false });
  });

  test('the least wait is for the retry loop only', async () => {
    const recorded = recordError(
      await caught(fail(new RerailError('http-failed', 'm', { details: { httpStatus: 429, retryAfterMs: 7000 } }))),
    );
    expect(recorded).toMatchObject({ retryAfterMs: 7000, details: { httpStatus: 429 } });
    expect(toRecorded(recorded)).toEqual({ code: 'http-failed', message: 'm', details: { httpStatus: 429 } });
  });

  test('the cause goes along', async () => {
    const failure = (await caught(fail(new RerailError('disk-full', 'm', { cause: new Error('ENOSPC') })))).cause;
    expect(failure?.cause).toMatchObject({ message: 'ENOSPC' });
  });

  test('anything else stays retryable for Temporal', async () => {
    const odd = new TypeError('odd');
    expect(await thrownBy(fail(odd))).toBe(odd);
    expect(recordError(await caught(fail(odd)))).toMatchObject({ code: 'TypeError', message: 'odd', retryable: true });
    expect(await thrownBy(fail('text'))).toMatchObject({ message: 'text', cause: 'text' });
  });

  test('a result passes', async () => {
    expect(await asActivity((n: number) => Promise.resolve(n + 1))(1)).toBe(2);
  });
});

describe('recordError', () => {
  test.each([
    ['START_TO_CLOSE', 'it did not finish in time', 'Raise the timeout'],
    ['SCHEDULE_TO_START', 'no worker took it up in time', 'rerail worker'],
  ] as const)('of the time-out %s says what to do', (type, message, remedy) => {
    const timeout = new TimeoutFailure('activity timed out', undefined, type);
    const failure = new ActivityFailure('Activity task timed out', 'x', '1', 'TIMEOUT', 'w', timeout);
    for (const error of [timeout, failure]) {
      expect(recordError(error)).toEqual({
        code: 'timed-out',
        message,
        remedy: expect.stringContaining(remedy),
        retryable: true,
      });
    }
  });

  test.each([
    [ApplicationFailure.nonRetryable('m', 'theirs'), { code: 'theirs', retryable: false }],
    [ApplicationFailure.retryable('m', 'theirs'), { code: 'theirs', retryable: true }],
    [ApplicationFailure.create({ message: 'm' }), { code: 'unexpected', retryable: true }],
    [ApplicationFailure.create({ message: 'm', details: [null] }), { code: 'unexpected', retryable: true }],
    [new Error('m'), { code: 'unexpected', retryable: true }],
    ['m', { code: 'unexpected', retryable: true }],
  ])('of a user’s own failure %#', (error, expected) => {
    expect(recordError(error)).toEqual({ message: 'm', ...expected });
  });
});

describe('what the Temporal server says', () => {
  const said = (code: number, details: string): Error => {
    const cause = Object.assign(new Error(details), { code, details, metadata: {} });
    return translateError(new ServiceError('Failed to query Workflow', { cause }), 'recovery/a/b');
  };

  test('is no fault of its own where nobody takes the question', () => {
    expect(said(4, 'query timed out before a worker could process it')).toMatchObject({
      code: 'timed-out',
      message: 'recovery/a/b: no worker answered in time',
      remedy: expect.stringContaining('rerail worker') as string,
    });
    expect(said(4, 'Deadline exceeded')).toMatchObject({ code: 'server-unreachable' });
    expect(said(14, 'No connection established')).toMatchObject({ code: 'server-unreachable' });
  });
});
