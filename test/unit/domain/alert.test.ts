import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertRulesSchema, type Silence } from '../../../src/domain/alert.schema.ts';
import { fillRule, findRule, findSilence, isActive, type Alert } from '../../../src/domain/alert.ts';

const at = (text: string): Date => new Date(text);
const ALERT: Alert = {
  source: 'generic',
  sender: 's',
  fingerprint: 'f',
  status: 'firing',
  labels: { alertname: 'Down', severity: 'page' },
  annotations: { summary: 'it is {{ alert.labels.secret }}' },
  startsAt: '2026-01-02T00:00:00Z',
};
const parse = (spec: object) => AlertRulesSchema.parse({ apiVersion: 'rerail/v1', kind: 'AlertRules', spec }).spec;
const ruleOf = (failure: object, more: object = {}) => parse({ rules: [{ name: 'r', failure, ...more }] }).rules[0]!;
const silenceOf = (given: object): Silence =>
  parse({ silences: [{ name: 's', reason: 'why', ...given }] }).silences[0]!;

describe('a rule', () => {
  it('fits when every pattern does, and only its own source', () => {
    const rules = parse({
      rules: [
        { name: 'other', source: 'pagerduty', failure: { target: 'a/b' } },
        { name: 'more', match: { labels: { alertname: 'Do*', env: '*' } }, failure: { target: 'a/b' } },
        { name: 'inherited', match: { labels: { constructor: '*' } }, failure: { target: 'a/b' } },
        { name: 'fits', match: { labels: { alertname: 'Do*' } }, failure: { target: 'a/b' } },
      ],
    }).rules;
    expect(findRule(rules, ALERT)?.name).toBe('fits');
  });

  it('fills templates once: what an alert says is no template', () => {
    const { failure, missing } = fillRule(
      ruleOf({ target: 'a/{{ alert.labels.alertname }}', message: '{{ alert.annotations.summary }}' }),
      ALERT,
      at('2026-01-03T00:00:00Z'),
    );
    expect(failure).toMatchObject({ target: 'a/Down', message: ALERT.annotations['summary'] });
    expect(missing).toEqual([]);
  });

  it('takes the severity in the words of alerts, and goes without one that nobody knows', () => {
    const severity = (word: string) =>
      fillRule(
        ruleOf({ target: 'a/b', severity: '{{ alert.labels.severity }}' }),
        { ...ALERT, labels: { severity: word } },
        new Date(),
      ).failure.severity;
    expect(['page', 'critical', 'Warning', 'info', 'ticket'].map(severity)).toEqual([
      'CRITICAL',
      'CRITICAL',
      'MEDIUM',
      'LOW',
      undefined,
    ]);
  });

  it('never dates a fault after its report', () => {
    const now = at('2026-01-01T00:00:00Z');
    expect(fillRule(ruleOf({ target: 'a/b' }), ALERT, now).failure.occurredAt).toBe(now.toISOString());
  });
});

describe('a silence', () => {
  it('must end', () => {
    expect(() => silenceOf({ activeFrom: '2026-01-01T00:00:00Z' })).toThrow('must end');
  });

  it('holds from its begin and until just before its end', () => {
    const silence = silenceOf({ activeFrom: '2026-01-01T10:00:00Z', activeUntil: '2026-01-01T12:00:00+01:00' });
    const times = ['2026-01-01T09:59:59Z', '2026-01-01T10:00:00Z', '2026-01-01T10:59:59Z', '2026-01-01T11:00:00Z'];
    expect(times.map((time) => isActive(silence, at(time)))).toEqual([false, true, true, false]);
  });

  it('comes back each week in the time of its zone, over midnight too', () => {
    const weekly = { days: ['sat'], from: '22:00', until: '02:00', timezone: 'Europe/Berlin' };
    const silence = silenceOf({ weekly });
    // Saturday, 11 July 2026 in summer time; Saturday, 10 January 2026 in winter time.
    const active = ['2026-07-11T20:00Z', '2026-07-11T23:59Z', '2026-01-10T21:00Z', '2026-01-11T00:59Z'];
    const not = ['2026-07-11T19:59Z', '2026-07-12T00:00Z', '2026-07-10T22:30Z', '2026-01-10T00:30Z'];
    expect(active.map((time) => isActive(silence, at(time)))).toEqual(active.map(() => true));
    expect(not.map((time) => isActive(silence, at(time)))).toEqual(not.map(() => false));
  });

  it('covers each minute of a week exactly when its mirror image does not', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
    const clock = (minute: number): string =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    const minute = fc.integer({ min: 0, max: 1439 });
    fc.assert(
      fc.property(minute, minute, fc.integer({ min: 0, max: 7 * 1440 - 1 }), (from, until, now) => {
        fc.pre(from !== until);
        const time = new Date(Date.UTC(2026, 0, 5) + now * 60_000);
        const one = silenceOf({ weekly: { days, from: clock(from), until: clock(until) } });
        const other = silenceOf({ weekly: { days, from: clock(until), until: clock(from) } });
        expect(isActive(one, time)).not.toBe(isActive(other, time));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps only what fits it quiet', () => {
    const silence = silenceOf({
      match: { labels: { alertname: 'Down' } },
      targets: ['a/*'],
      activeUntil: '2100-01-01T00:00:00Z',
    });
    const quiet = (alert: Alert, target: string) =>
      findSilence([silence], { alert, target, now: new Date() }) !== undefined;
    expect([quiet(ALERT, 'a/b'), quiet(ALERT, 'b/b'), quiet({ ...ALERT, labels: {} }, 'a/b')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
