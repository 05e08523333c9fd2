import { describe, expect, test } from 'vitest';
import type { Classification } from '../../../src/domain/failure.ts';
import type { LoadedPlaybook, Match } from '../../../src/domain/playbook.ts';
import { choosePlaybook, explainChoice } from '../../../src/planner/choose-playbook.ts';
import { findPlaybook, makePlan } from '../../../src/planner/make-plan.ts';
import { failure, HOST, sha256 } from './plan-fixtures.ts';

const NETWORK: Classification = { category: 'TRANSIENT', type: 'network', severity: 'MEDIUM', rule: 'r' };

function playbook(name: string, source: LoadedPlaybook['source'], ...match: Match[]): LoadedPlaybook {
  const document = {
    apiVersion: 'rerail/v1',
    kind: 'Playbook',
    metadata: { name, labels: {} },
  } as unknown as LoadedPlaybook['document'];
  return { name, source, file: `${name}.yaml`, match, document };
}

const choose = (playbooks: LoadedPlaybook[], given = failure(), found = NETWORK) =>
  choosePlaybook(given, found, playbooks);

describe('choosePlaybook', () => {
  test('takes the user’s before a narrower built-in one', () => {
    const choice = choose([
      playbook('built-in', 'builtin', { failureType: 'network', lane: 'standard' }),
      playbook('mine', 'user', { category: 'TRANSIENT' }),
    ]);
    expect(choice?.playbook.name).toBe('mine');
    expect(choice?.reason).toBe('playbook mine (user) matches category TRANSIENT');
    expect(choice?.alternatives).toEqual([{ playbook: 'built-in', reason: 'fits as well; mine is the user’s own' }]);
  });

  test('takes the first of the user’s, however narrow the next is', () => {
    const choice = choose([
      playbook('wide', 'user', { category: 'TRANSIENT' }),
      playbook('narrow', 'user', { failureType: 'network', lane: 'standard' }),
    ]);
    expect(choice?.playbook.name).toBe('wide');
    expect(choice?.alternatives).toEqual([{ playbook: 'narrow', reason: 'fits as well; wide is narrower or earlier' }]);
  });

  test('takes the narrowest built-in one: component, type with lane, type, category', () => {
    const all = [
      playbook('by-category', 'builtin', { category: 'TRANSIENT' }),
      playbook('by-type', 'builtin', { failureType: 'network' }),
      playbook('by-lane', 'builtin', { failureType: 'network', lane: 'standard' }),
      playbook('by-component', 'builtin', { component: 'web' }),
    ];
    const order: string[] = [];
    const given = failure({ component: 'web' });
    for (let rest = all; rest.length > 0;) {
      const name = choose(rest, given)?.playbook.name ?? 'none';
      order.push(name);
      rest = rest.filter((item) => item.name !== name);
    }
    expect(order).toEqual(['by-component', 'by-lane', 'by-type', 'by-category']);
  });

  test('takes a code before the type that a probe has read off', () => {
    const all = [
      playbook(
        'slow',
        'builtin',
        { failureType: 'performance', stated: true },
        { failureType: 'performance', component: '*' },
      ),
      playbook('queue', 'builtin', { code: 'queue-stuck', target: 'service/*' }),
    ];
    const given = failure({ type: 'performance', code: 'queue-stuck', component: 'mail', target: 'service/mail' });
    expect(choose(all, given, { ...NETWORK, type: 'performance' })?.playbook.name).toBe('queue');
  });

  test('takes the built-in one of a category that the reporter stated before that of a guessed type', () => {
    const all = [
      playbook('by-lane', 'builtin', { failureType: 'network', lane: 'standard' }),
      playbook('secure', 'builtin', { category: 'SECURITY' }),
    ];
    const found: Classification = { ...NETWORK, category: 'SECURITY' };
    expect(choose(all, failure({ category: 'SECURITY' }), found)?.playbook.name).toBe('secure');
    const transient = playbook('passing', 'builtin', { category: 'TRANSIENT' });
    expect(choose([transient, ...all], failure({ category: 'TRANSIENT', type: 'network' }))?.playbook.name).toBe(
      'by-lane',
    );
  });

  test.each(['CRITICAL', 'SECURITY'] as const)(
    '%s wins over a type, stated or guessed, but not where it follows from the type',
    (category) => {
      const all = [
        playbook('by-lane', 'builtin', { failureType: 'network', lane: 'standard' }),
        playbook('grave', 'builtin', { category }),
      ];
      const found: Classification = { ...NETWORK, category };
      const chosen = (given: Parameters<typeof failure>[0]) => choose(all, failure(given), found)?.playbook.name;
      expect(chosen({ category, type: 'network' })).toBe('grave');
      expect(chosen({ category })).toBe('grave');
      expect(chosen({})).toBe('grave');
      expect(chosen({ type: 'network' })).toBe('by-lane');
      expect(choose(all, failure({ category, type: 'network' }), found)?.alternatives).toEqual([
        {
          playbook: 'by-lane',
          reason: 'fits as well; grave is for the category, which decides here before the one for the type',
        },
      ]);
    },
  );

  test('asks users, then planners, services, components, types, categories, and says which of them came first', () => {
    const found: Classification = { ...NETWORK, type: 'cache', category: 'EXTERNAL' };
    const all = [
      playbook('category', 'builtin', { category: 'EXTERNAL' }),
      playbook('component', 'builtin', { component: '*' }),
      playbook('service', 'builtin', { failureType: 'cache' }),
      playbook('planner', 'planner', { code: 'PAY-*' }),
      playbook('user', 'user', { category: 'EXTERNAL' }),
    ];
    const given = failure({ component: 'web', code: 'PAY-1' });
    const order: string[] = [];
    for (let rest = all; rest.length > 0;) {
      const name = choose(rest, given, found)?.playbook.name ?? 'none';
      order.push(name);
      rest = rest.filter((item) => item.name !== name);
    }
    expect(order).toEqual(['user', 'planner', 'service', 'component', 'category']);
    expect(
      explainChoice(given, found, all).map(({ playbook: name, chosen, reason }) => [name, chosen, reason]),
    ).toEqual([
      ['user', true, 'matches category EXTERNAL'],
      ['planner', false, 'fits as well; user is the user’s own'],
      ['service', false, 'fits as well; user is the user’s own'],
      ['component', false, 'fits as well; user is the user’s own'],
      ['category', false, 'fits as well; user is the user’s own'],
    ]);
  });

  test.each([
    [{ failureType: 'git' }, 'wants failure type git'],
    [{ category: 'LOGIC' }, 'wants category LOGIC'],
    [{ severity: ['HIGH', 'CRITICAL'] }, 'wants severity HIGH or CRITICAL'],
    [{ lane: 'heavy' }, 'wants lane heavy'],
    [{ code: 'E*' }, 'wants code E*'],
    [{ component: 'api' }, 'wants component api'],
    [{ component: '*' }, 'wants a failing component'],
    [{ failureType: 'network', stated: true }, 'wants a type that the reporter stated'],
    [{ target: 'service/*' }, 'wants target service/*'],
    [{ labels: { team: 'core' } }, 'wants label team=core'],
  ] as [Match, string][])('passes over %j and says why', (match, reason) => {
    const choice = choose([
      playbook('mine', 'user', match),
      playbook('fallback', 'builtin', { category: 'TRANSIENT' }),
    ]);
    expect(choice?.playbook.name).toBe('fallback');
    expect(choice?.alternatives).toEqual([{ playbook: 'mine', reason }]);
  });

  test('names a built-in one of the same type in another lane, and none that is about something else', () => {
    const choice = choose([
      playbook('standard', 'builtin', { failureType: 'network', lane: 'standard' }),
      playbook('heavy', 'builtin', { failureType: 'network', lane: 'heavy' }),
      playbook('git', 'builtin', { failureType: 'git' }),
    ]);
    expect(choice?.alternatives).toEqual([{ playbook: 'heavy', reason: 'wants lane heavy' }]);
  });

  test('all fields of a match must fit, one match of several is enough', () => {
    const both = playbook(
      'both',
      'user',
      { failureType: 'network', lane: 'heavy' },
      { failureType: 'network', severity: ['MEDIUM'] },
    );
    expect(choose([both])?.reason).toBe('playbook both (user) matches failureType network and severity ["MEDIUM"]');
    expect(choose([both], failure(), { ...NETWORK, severity: 'LOW' })).toBeUndefined();
  });

  test('an alternative that fits in one of its matches is not said to miss another', () => {
    const choice = choose([
      playbook('first', 'user', { failureType: 'network' }),
      playbook('second', 'user', { failureType: 'network' }, { failureType: 'network', lane: 'heavy' }),
    ]);
    expect(choice?.alternatives).toEqual([
      { playbook: 'second', reason: 'fits as well; first is narrower or earlier' },
    ]);
  });

  test.each([
    ['service/*-db', 'service/orders-db', true],
    ['service/*-db', 'service/orders-db2', false],
    ['*', 'release/web', true],
    ['release/web', 'release/web', true],
    ['release/w.b', 'release/web', false],
    ['web', 'release/web', false],
    ['release/*', 'release/web/eu', true],
  ])('target %s against %s: %s', (target, actual, fits) => {
    expect(choose([playbook('mine', 'user', { target })], failure({ target: actual })) !== undefined).toBe(fits);
  });

  test.each([
    ['ECONN*', 'ECONNREFUSED', true],
    ['ECONN*', 'ENOTFOUND', false],
    ['ECONN*', undefined, false],
    ['*', undefined, false],
  ])('code %s against %s: %s', (code, actual, fits) => {
    expect(choose([playbook('mine', 'user', { code })], failure({ code: actual })) !== undefined).toBe(fits);
  });

  test('labels must be there with the very value', () => {
    const mine = playbook('mine', 'user', { labels: { team: 'core', tier: '1' } });
    expect(choose([mine], failure({ labels: { team: 'core', tier: '1', more: 'x' } }))?.playbook.name).toBe('mine');
    expect(choose([mine], failure({ labels: { team: 'core' } }))).toBeUndefined();
  });

  test('finds none where none matches, and a plan then cannot be made', () => {
    const playbooks = [playbook('git', 'builtin', { failureType: 'git' })];
    expect(choose(playbooks)).toBeUndefined();
    const make = () =>
      makePlan({
        failure: failure({ code: 'EPIPE' }),
        playbooks,
        checkpoints: [],
        defaultHost: HOST,
        id: 'p',
        now: 'n',
        sha256,
      });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'plan-impossible',
        nonRetryable: true,
        message: 'no playbook matches a TRANSIENT failure',
      }),
    );
  });
});

test('a playbook that was asked for by name is found, or the known names are told', () => {
  const known = [playbook('b', 'user'), playbook('a', 'builtin')];
  expect(findPlaybook('a', known).name).toBe('a');
  expect(() => findPlaybook('c', known)).toThrow(
    expect.objectContaining({ code: 'unknown-playbook', remedy: 'Use one of: a, b.' }),
  );
});
