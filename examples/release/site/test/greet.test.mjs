import assert from 'node:assert/strict';
import test from 'node:test';
import { greet, languages } from '../src/greet.mjs';

test('greets in three languages', () => {
  assert.deepEqual(languages, ['en', 'de', 'fr']);
  assert.equal(greet('en', 'Ada'), 'Hello, Ada!');
  assert.equal(greet('de', 'Ada'), 'Hallo, Ada!');
});

test('falls back to English', () => {
  assert.equal(greet('xx', 'Ada'), 'Hello, Ada!');
});
