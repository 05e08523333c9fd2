import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FailureInput } from '../../../src/domain/failure.ts';
import { fingerprint, normaliseText } from '../../../src/planner/fingerprint.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';
import { failure, planFor, runFailure, sha256 } from './plan-fixtures.ts';

const ANY =
  'apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: any}\nspec: {match: [{target: "*"}], actions: [{id: call, type: escalate}]}\n';
const print = (given: Partial<FailureInput>): string => fingerprint(failure(given), sha256);

describe('the same failure again', () => {
  test.each([
    ['at another time', 'failed at 2026-01-02T03:04:05.678Z', 'failed at 2027-11-12T13:14:15+02:00'],
    ['at another time of day', '[03:04:05] failed', '[13:14:15,123] failed'],
    ['in another temporary directory', 'ENOENT: /tmp/rerail-a1B2/x.json', 'ENOENT: /tmp/rerail-zZ99/x.json'],
    ['in a temporary directory of macOS', "open '/private/var/folders/ab/T/x-1'", "open '/var/folders/cd/T/y-22'"],
    ['in another process', 'worker pid 4711 died', 'worker pid 12 died'],
    ['in another process, in brackets', 'sshd[812]: denied', 'sshd[90333]: denied'],
    ['on another port', 'connect ECONNREFUSED 127.0.0.1:41234', 'connect ECONNREFUSED 127.0.0.1:5432'],
    ['on another port of a name', 'dial db.internal:5432 refused', 'dial db.internal:6432 refused'],
    ['at another address in memory', 'segfault at 0x7ffe12ab', 'segfault at 0xdeadbeef'],
    ['of another commit', 'cannot check out 1a2b3c4d5e', 'cannot check out ffee998877a'],
    ['with another id', 'job 0b9d1c9e-8a5f-4e0a-9a51-3f0a6f0c1d2e', 'job 7c1d2e3f-aaaa-4bbb-8ccc-1234567890ab'],
    ['after another time', 'gave up after 1500 ms', 'gave up after 2.3s'],
    ['on another line', 'TypeError at /w/src/a.ts:10:5', 'TypeError at /w/src/a.ts:222:17'],
    ['on another line of the compiler', 'src/a.ts(1,2): error TS2322', 'src/a.ts(33,4): error TS2322'],
    ['on another line in words', 'Unexpected token at line 3 column 9', 'Unexpected token at line 12 column 1'],
    ['in colour', '\u001b[31mfailed\u001b[39m', 'failed'],
  ])('%s', (_what, one, other) => {
    expect(normaliseText(other)).toBe(normaliseText(one));
    expect(print({ message: other })).toBe(print({ message: one }));
    expect(print({ stderr: `error: ${other}` })).toBe(print({ stderr: `error: ${one}` }));
  });

  test('on another target, at another time, with its tests in another order', () => {
    const stdout = 'not ok 1 - adds\nnot ok 2 - divides\n# duration_ms 12.3';
    const other = 'not ok 2 - divides\nnot ok 1 - adds\n# duration_ms 99.1';
    const given = { target: 'release/api', occurredAt: '2026-01-01T00:00:00Z', stdout: other, labels: { a: 'b' } };
    expect(print(given)).toBe(print({ stdout }));
  });
});

describe('another failure', () => {
  test.each([
    [{ message: 'disk full' }, { message: 'connection refused' }],
    [{ exitCode: 1 }, { exitCode: 2 }],
    [{ code: 'ENOSPC' }, { code: 'EACCES' }],
    [{ signal: 'SIGKILL' }, { signal: 'SIGTERM' }],
    [{ httpStatus: 500 }, { httpStatus: 502 }],
    [{ component: 'link' }, { component: 'module' }],
    [{ message: 'src/a.ts:1:2 failed' }, { message: 'src/b.ts:1:2 failed' }],
    [{ message: 'expected 3 to be 4' }, { message: 'expected 5 to be 4' }],
    [{ message: 'HTTP 500' }, { message: 'HTTP 404' }],
    [{ stderr: 'error TS2322' }, { stderr: 'error TS2345' }],
    [{ causes: [{ message: 'a' }] }, { causes: [{ message: 'b' }] }],
  ] as [Partial<FailureInput>, Partial<FailureInput>][])('%j is not %j', (one, other) => {
    expect(print(other)).not.toBe(print(one));
  });

  test('is that of another step of a run', () => {
    expect(fingerprint(runFailure(2), sha256)).not.toBe(fingerprint(runFailure(3), sha256));
  });
});

test('normalising twice changes nothing', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(' 12:00:01 ', '/tmp/a', '10.0.0.1:80', '0xff', 'a.ts:1', ' 5 ms', 'pid 7', '2026-01-01', '1234567'),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const once = normaliseText(parts.join(''));
      fc.pre(parts.join('').length < 500);
      expect(normaliseText(once)).toBe(once);
    }),
  );
});

test('a plan’s classification has it, 64 digits', () => {
  expect(planFor(runFailure(3, { type: 'git' }), parsePlaybooks(ANY)).classification.fingerprint).toMatch(
    /^[0-9a-f]{64}$/,
  );
});
