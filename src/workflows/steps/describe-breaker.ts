import type { Admission, BreakerAnswer, BreakerSnapshot } from '../../domain/breaker.ts';
import { isDegraded } from '../../domain/breaker.ts';
import { nextTryAt, readWindow, reduceBreaker, type Breaker } from '../../resilience/breaker.ts';

const iso = (at: number): string => new Date(at).toISOString();

const rate = (part: number, calls: number, needed: number): number | null =>
  calls < needed ? null : Math.round((part * 1000) / calls) / 10;

/** A breaker as people and programs see it, at a time in milliseconds. */
export function snapshotOf(name: string, given: Breaker, at: number): BreakerSnapshot {
  const breaker = reduceBreaker(given, { type: 'tick', at });
  const { state, since, generation, leases, settings, changes, notPermitted, ignored } = breaker;
  const { calls, failed, slow, needed } = readWindow(breaker, at);
  const next = isDegraded(state) ? nextTryAt(breaker) : null;
  const lastChange = changes.at(-1);
  return {
    name,
    state,
    degraded: isDegraded(state),
    since: iso(since),
    generation,
    counts: {
      calls,
      failed,
      slow,
      failureRate: rate(failed, calls, needed),
      slowCallRate: rate(slow, calls, needed),
      notPermitted,
      ignored,
    },
    leases: leases.map(({ id, by, until }) => ({ id, by, until: iso(until) })),
    ...(next === null ? {} : { nextTryAt: iso(next) }),
    settings,
    ...(lastChange ? { lastChange } : {}),
    changes,
  };
}

/** What a caller has to know. */
export function answerOf(breaker: Breaker, at: number): BreakerAnswer {
  const { state, generation, settings } = breaker;
  const answer = { state, generation, minimumNumberOfCalls: settings.minimumNumberOfCalls };
  if (!isDegraded(state)) return answer;
  const next = nextTryAt(breaker);
  return { ...answer, retryAfterMs: next === null ? null : Math.max(0, next - at) };
}

/** Whether the call with this key may be made, after it has been asked for. */
export function admissionOf(breaker: Breaker, key: string, at: number): Admission {
  const answer = answerOf(breaker, at);
  if (!isDegraded(breaker.state)) return { ...answer, permitted: true };
  const lease = breaker.leases.find(({ id }) => id === key);
  return lease ? { ...answer, permitted: true, leaseId: lease.id } : { ...answer, permitted: false };
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 160);

/** Markdown for the Temporal UI: what the state means, how it came about and how to change it. */
export function describeBreaker(name: string, breaker: Breaker): string {
  const { state, since, settings, changes } = breaker;
  const open = state === 'OPEN' ? ` Lets a call through again after ${settings.waitDurationInOpenState}.` : '';
  const rows = changes
    .slice(-10)
    .reverse()
    .map(({ at, from, to, by, reason }) => `| ${at} | ${from} | ${to} | ${cell(by)} | ${cell(reason)} |`);
  return [
    `**${state}** · ${name} · since ${iso(since)}.${open}`,
    '',
    ...(rows.length === 0
      ? ['Nothing has changed yet.']
      : ['| at | from | to | by | why |', '|---|---|---|---|---|', ...rows]),
    ...['open', 'close', 'reset'].flatMap((verb) => [
      '',
      '```',
      `rerail breaker ${verb} ${name} --by YOU --reason WHY`,
      '```',
    ]),
  ].join('\n');
}
