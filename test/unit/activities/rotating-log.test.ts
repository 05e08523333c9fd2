import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRotatingLog, lastLines } from '../../../src/activities/processes/rotating-log.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rerail-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('loses nothing of a chunk that is larger than a file, but what is too old', async () => {
  const file = path.join(folder, 'output.log');
  const stream = createRotatingLog(file, { maxBytes: 100, keep: 2 }, (text) => text).stream();
  const all = Array.from({ length: 60 }, (_, index) => `line ${index}`);
  stream.push(Buffer.from(`${all.join('\n')}\n${'x'.repeat(250)}`));
  stream.flush();
  const files = readdirSync(folder).sort();
  expect(files).toEqual(['output.log', 'output.log.1', 'output.log.2']);
  for (const name of files) expect(statSync(path.join(folder, name)).size).toBeLessThanOrEqual(100);
  const text = [...files].reverse().map((name) => readFileSync(path.join(folder, name), 'utf8'));
  expect(text.join('')).toBe(`${'x'.repeat(250)}\n`);

  const other = path.join(folder, 'other.log');
  const second = createRotatingLog(other, { maxBytes: 100, keep: 2 }, (given) => given).stream();
  second.push(Buffer.from(`${all.join('\n')}\n`));
  expect(await lastLines(other, 3)).toEqual(all.slice(-3));
  const kept = ['other.log.2', 'other.log.1', 'other.log'].map((name) => readFileSync(path.join(folder, name), 'utf8'));
  const lines = kept.join('').trimEnd().split('\n');
  expect(lines).toEqual(all.slice(-lines.length));
});
