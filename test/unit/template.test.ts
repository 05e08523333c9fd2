import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTemplate, resolveTemplates } from '../../src/domain/template.ts';

const scope = {
  failure: {
    message: 'no disk',
    exitCode: 3,
    labels: { team: 'core', 'app.name': 'x' },
    causes: [{ code: 'ENOSPC' }],
    none: null,
  },
  inputs: { on: false, list: [1, 2] },
};
const resolve = (value: unknown, missing: string[] = []): unknown => resolveTemplates(value, scope, missing);

describe('resolveTemplates', () => {
  test.each([
    ['{{ failure.exitCode }}', 3],
    ['{{failure.labels}}', scope.failure.labels],
    ['{{ inputs.on }}', false],
    ['{{ inputs.list }}', [1, 2]],
    ['{{ failure.none }}', null],
    ['{{ failure.causes.0.code }}', 'ENOSPC'],
  ])('a string that is one template, %s, keeps the type: %j', (text, value) => {
    expect(resolve(text)).toEqual(value);
  });

  test.each([
    ['exit {{ failure.exitCode }}!', 'exit 3!'],
    ['{{ failure.exitCode }}{{ inputs.on }}', '3false'],
    ['labels {{ failure.labels }}', 'labels {"team":"core","app.name":"x"}'],
    [' {{ failure.exitCode }}', ' 3'],
    ['no template', 'no template'],
    ['{ failure.exitCode }', '{ failure.exitCode }'],
    ["docker inspect -f '{{ .State.Running }}'", "docker inspect -f '{{ .State.Running }}'"],
  ])('%s becomes the text %s', (text, value) => {
    expect(resolve(text)).toBe(value);
  });

  test('looks through arrays and objects, but not at keys', () => {
    const value = { '{{ failure.exitCode }}': [{ a: '{{ failure.exitCode }}' }, 1, null, true] };
    expect(resolve(value)).toEqual({ '{{ failure.exitCode }}': [{ a: 3 }, 1, null, true] });
  });

  test('collects every name that leads nowhere', () => {
    const missing: string[] = [];
    resolve(
      ['{{ failure.nope }}', 'x {{ inputs.a.b }}', '{{ failure.exitCode.more }}', '{{ failure.causes.7 }}'],
      missing,
    );
    expect(missing).toEqual(['failure.nope', 'inputs.a.b', 'failure.exitCode.more', 'failure.causes.7']);
  });

  test.each(['constructor', '__proto__', 'toString', 'labels.hasOwnProperty'])(
    'reads no inherited name: %s',
    (name) => {
      const missing: string[] = [];
      resolve(`{{ failure.${name} }}`, missing);
      expect(missing).toEqual([`failure.${name}`]);
    },
  );

  test('leaves names outside of the scope for later', () => {
    const missing: string[] = [];
    const text = 'to {{ actions.look.output.address }}';
    expect(resolve([text, '{{ actions.look.output }}', '{{ env.HOME }}'], missing)).toEqual([
      text,
      '{{ actions.look.output }}',
      '{{ env.HOME }}',
    ]);
    expect(missing).toEqual([]);
    expect(resolveTemplates(text, { actions: { look: { output: { address: 'a:1' } } } })).toBe('to a:1');
  });

  test('does not resolve what a template has put in', () => {
    const given = { failure: { message: '{{ failure.secret }}', secret: 's' } };
    expect(resolveTemplates('said: {{ failure.message }}', given)).toBe('said: {{ failure.secret }}');
    expect(resolveTemplates('{{ failure.message }}', given)).toBe('{{ failure.secret }}');
  });

  test('changes nothing that holds no template', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('{{'));
        expect(resolve(value)).toEqual(value);
      }),
    );
  });

  test('does not change what it was given', () => {
    const given = { a: ['{{ failure.exitCode }}'] };
    resolve(given);
    expect(given).toEqual({ a: ['{{ failure.exitCode }}'] });
  });
});

test.each([
  ['{{ a.b }}', true],
  ['x{{a}}', true],
  ['plain', false],
  [3, false],
  [undefined, false],
])('isTemplate(%j) is %s', (value, expected) => {
  expect(isTemplate(value)).toBe(expected);
});
