import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadProviders } from '../../../src/config/load-providers.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'rerail-providers-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const head = (name: string): string => `apiVersion: rerail/v1\nkind: Provider\nmetadata: {name: ${name}}\nspec:\n`;

function load(text: string) {
  const file = path.join(directory, 'providers.yaml');
  writeFileSync(file, text);
  return loadProviders(file);
}

test('reads databases and caches, one a document', async () => {
  const text =
    `${head('orders')}  postgres: {host: db, database: orders, user: app, passwordFrom: env:ORDERS_PASSWORD}\n` +
    `---\n${head('carts')}  redis: {host: cache, prefixes: ["cart:"], tls: {mode: require}}\n`;
  expect(await load(text)).toEqual([
    {
      name: 'orders',
      spec: { postgres: { host: 'db', database: 'orders', user: 'app', passwordFrom: 'env:ORDERS_PASSWORD' } },
    },
    { name: 'carts', spec: { redis: { host: 'cache', prefixes: ['cart:'], tls: { mode: 'require' } } } },
  ]);
});

test.each([
  ['a password in the file', '  postgres: {host: db, database: o, user: a, passwordFrom: hunter2}\n', /password/],
  ['a field that is not known', '  redis: {host: cache, prefix: "cart:"}\n', /prefix/],
  ['no kind of provider', '  mysql: {host: db}\n', /mysql|spec/],
])('refuses %s and says where', async (_what, spec, says) => {
  await expect(load(head('x') + spec)).rejects.toMatchObject({
    code: 'settings-invalid',
    message: expect.stringMatching(says) as string,
  });
});
