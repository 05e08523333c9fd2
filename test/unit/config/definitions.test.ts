import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMonitors } from '../../../src/config/load-monitors.ts';
import { loadDefinitions } from '../../../src/config/load-playbooks.ts';
import { classify } from '../../../src/planner/classify.ts';
import { failure } from '../planner/plan-fixtures.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-definitions-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = async (text: string) => {
  await writeFile(path.join(folder, 'all.yaml'), text);
  return loadDefinitions([folder]);
};
const refusal = async (text: string): Promise<string> => {
  const error = await load(text).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ code: 'definition-invalid', nonRetryable: true });
  return error?.message.replaceAll(`${folder}/`, '') ?? '';
};
const component = (name: string, spec = '{}'): string =>
  `---\napiVersion: rerail/v1\nkind: Component\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const rules = (rule: string): string =>
  `---\napiVersion: rerail/v1\nkind: ClassificationRules\nmetadata: {name: mine}\nspec:\n  rules:\n    - ${rule}\n`;
const THEN = 'then: {category: EXTERNAL, type: api_failure, severity: LOW}';

describe('components', () => {
  test('are read beside playbooks, with their defaults', async () => {
    const { components, playbooks } = await load(
      component(
        'db',
        '{target: service/db, breaker: db, procedures: {reset-pool: {command: [reset, "{{ failure.target }}"]}}}',
      ) + component('web', '{dependsOn: [db]}'),
    );
    expect(components.map(({ name }) => name)).toEqual(['db', 'web']);
    expect(components[1]?.spec).toEqual({ dependsOn: ['db'], probes: [], procedures: {} });
    expect(playbooks.every(({ source }) => source === 'builtin')).toBe(true);
  });

  test('the example graph is valid', async () => {
    const { components } = await loadDefinitions(['examples/components']);
    expect(components.map(({ name, spec }) => [name, spec.dependsOn])).toEqual([
      ['link', []],
      ['module', ['link']],
      ['quality-gate', ['module']],
    ]);
  });

  test('the example of a host fits its monitor', async () => {
    const { components } = await loadDefinitions(['examples/hosts']);
    const [monitor] = await loadMonitors('examples/monitors/host.yaml');
    const spec = monitor?.definition.spec;
    const targets = new Set(spec?.checks.map((check) => check.target ?? spec.target));
    expect([...targets].sort()).toEqual(components.map(({ spec }) => spec.target).sort());
    expect(spec?.checks.map(({ periodSeconds }) => periodSeconds)).toEqual([30, 60, 10]);
  });

  test('the example of a session looks every 5 s, and once is enough', async () => {
    const [monitor] = await loadMonitors('examples/monitors/session.yaml');
    expect(monitor?.definition.spec.checks).toMatchObject([{ periodSeconds: 5, failureThreshold: 1 }]);
  });

  test.each([
    ['an unknown field', component('a', '{needs: [b]}'), 'all.yaml:5:15: spec.needs: Unrecognized key: "needs"'],
    [
      'a procedure with two ways',
      component('a', '{procedures: {fix: {command: [a], activity: b}}}'),
      'all.yaml:5:26: spec.procedures.fix: must have exactly one of activity, command, http',
    ],
    [
      'a dependency that is not there',
      component('a', '{dependsOn: [b]}'),
      'all.yaml:5:20: spec.dependsOn.0: there is no component "b"',
    ],
    [
      'a name that is there twice',
      component('a') + component('a'),
      'all.yaml:9:18: metadata.name: the component name "a" is also used in all.yaml',
    ],
    [
      'a circle',
      component('a', '{dependsOn: [b]}') + component('b', '{dependsOn: [c]}') + component('c', '{dependsOn: [b]}'),
      'all.yaml:10:19: spec.dependsOn: components depend on each other in a circle: b -> c -> b',
    ],
    [
      'a part that needs itself',
      component('a', '{dependsOn: [a]}'),
      'all.yaml:5:19: spec.dependsOn: components depend on each other in a circle: a -> a',
    ],
  ])('%s is refused with its place', async (_what, text, message) => {
    expect(await refusal(text)).toBe(message);
  });
});

describe('rules of one’s own', () => {
  test.each([
    [`{name: r, code: 'PAY-*', ${THEN}}`, { code: 'PAY-1' }, { code: 'XPAY-1' }],
    [
      `{name: r, message: 'card (was )?refused$', ${THEN}}`,
      { message: 'a\nCard refused' },
      { message: 'card refuses' },
    ],
    [`{name: r, errorName: '*Refused', ${THEN}}`, { errorName: 'CardRefused' }, { errorName: 'Refusal' }],
    [`{name: r, exitCode: [7, 8], ${THEN}}`, { exitCode: 8 }, { exitCode: 9 }],
    [`{name: r, signal: [SIGUSR1], ${THEN}}`, { signal: 'SIGUSR1' }, { signal: 'SIGUSR2' }],
    [`{name: r, httpStatus: 418, ${THEN}}`, { httpStatus: 418 }, { httpStatus: 419 }],
    [`{name: r, httpStatus: [500, 502], ${THEN}}`, { httpStatus: 501 }, { httpStatus: 503 }],
    [`{name: r, code: A, exitCode: [1], ${THEN}}`, { code: 'A', exitCode: 1 }, { code: 'A', exitCode: 2 }],
  ])('%s', async (text, fits, other) => {
    const own = (await load(rules(text))).rules;
    expect(classify(failure(fits), own)).toMatchObject({
      severity: 'LOW',
      rule: expect.stringContaining('rule "r" (user)'),
    });
    expect(classify(failure(other), own).rule).not.toContain('(user)');
  });

  test.each([
    ['no condition', `{name: r, ${THEN}}`, 'spec.rules.0: must have at least one condition'],
    ['no valid pattern', `{name: r, message: '(', ${THEN}}`, 'spec.rules.0.message: is no valid regular expression'],
    [
      'a pattern that is too long',
      `{name: r, message: '${'a'.repeat(501)}', ${THEN}}`,
      'spec.rules.0.message: must have at most 500 characters',
    ],
    [
      'a pattern that can take forever',
      `{name: r, message: '(a+)+b', ${THEN}}`,
      'spec.rules.0.message: repeats a group that repeats inside',
    ],
    [
      'an unknown category',
      '{name: r, code: A, then: {category: ODD, type: git, severity: LOW}}',
      'spec.rules.0.then.category: Invalid option',
    ],
    ['no signal', `{name: r, signal: [KILL], ${THEN}}`, 'spec.rules.0.signal.0: must be a signal such as SIGTERM'],
  ])('%s is refused with its place', async (_what, text, message) => {
    expect(await refusal(rules(text))).toMatch(/^all\.yaml:7:\d+: /);
    expect(await refusal(rules(text))).toContain(message);
  });
});
