import { mkdirSync, writeFileSync } from 'node:fs';
import { noteEffect } from './effect.mjs';

noteEffect('smoke');
const page = await (await fetch(`${process.env.SITE_URL}/en`)).text();
const expected = process.env.SMOKE_EXPECTS ?? '<h1>Hello, world!</h1>';
if (page !== expected) {
  mkdirSync('reports', { recursive: true });
  writeFileSync('reports/smoke.json', JSON.stringify({ page, expected }));
  console.error(`the page is not what was promised: ${JSON.stringify(page)} is not ${JSON.stringify(expected)}`);
  process.exit(1);
}
console.log('the page is what was promised');
