import { expect, it } from 'vitest';
import { createRecentCaptures } from '../../src/activities/checkpoints/recent-captures.ts';
import type { FileEntry, Manifest } from '../../src/domain/checkpoint.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';

const captureOf = (id: string, files: number) => {
  const manifest: Manifest = {
    ...{
      schemaVersion: 1,
      info: { ...fakeCheckpoint(id).info, id },
      createdAt: '',
      host: 'here',
      parts: {},
      skipped: [],
    },
    files: Array.from({ length: files }, () => ({}) as FileEntry),
  };
  return { manifest, git: null };
};

it('keeps a capture in place of its parent, and the newest of others', () => {
  const recent = createRecentCaptures(10);
  recent.keep(captureOf('a', 4));
  recent.keep(captureOf('b', 4), 'a');
  expect([recent.find('a'), recent.find('b')?.manifest.files?.length]).toEqual([undefined, 4]);
  recent.keep(captureOf('c', 6));
  expect([...'bc'].map((id) => recent.find(id) !== undefined)).toEqual([true, true]);
  recent.keep(captureOf('d', 1));
  expect([...'bcd'].map((id) => recent.find(id) !== undefined)).toEqual([false, true, true]);
});

it('keeps none that is too large, and no more of the same', () => {
  const recent = createRecentCaptures(10);
  recent.keep(captureOf('a', 4));
  recent.keep(captureOf('b', 11), 'a');
  expect([...'ab'].map((id) => recent.find(id) !== undefined)).toEqual([false, false]);
  for (let count = 0; count < 5; count++) recent.keep(captureOf('c', 6));
  recent.keep(captureOf('d', 4));
  expect([...'cd'].map((id) => recent.find(id) !== undefined)).toEqual([true, true]);
});

it('keeps a hundred without files', () => {
  const recent = createRecentCaptures();
  for (let id = 0; id <= 100; id++) recent.keep(captureOf(String(id), 0));
  expect(['0', '1', '100'].map((id) => recent.find(id) !== undefined)).toEqual([false, true, true]);
});
