import { describe, expect, test } from 'vitest';
import { openApiDocument } from '../../../src/api/openapi.ts';
import { apiReference } from '../../../scripts/lib/generate-api-reference.mjs';

const page = apiReference(openApiDocument());
const rowOf = (name: string): string | undefined => page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));

describe('the reference of the HTTP API', () => {
  test('has every route, and every link leads to a heading', () => {
    const { paths } = openApiDocument() as { paths: Record<string, object> };
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) expect(page).toContain(`\n### ${method.toUpperCase()} ${path}\n`);
    const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 _-]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
    expect(new Set(headings).size).toBe(headings.length);
  });

  test('says what a parameter takes, what holds without it and what it is for', () => {
    expect(rowOf('limit')).toBe('| `limit` | query |  | integer; 1 to 200; `50` if absent |');
    expect(rowOf('run')).toContain('string (uuid). An earlier execution; default: the newest.');
    expect(rowOf('playbook')).toContain('at most 60 characters');
  });

  test('gives what is deep inside rows of its own', () => {
    expect(rowOf('spec.checks[].name')).toBe('| `spec.checks[].name` | yes | string; at most 60 characters |');
  });
});
