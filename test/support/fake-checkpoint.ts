import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';

/** Complete and of a good state unless said otherwise. */
export function fakeCheckpoint(
  id: string,
  info: Partial<CheckpointRecord['info']> = {},
  rest: Partial<Omit<CheckpointRecord, 'info'>> = {},
): CheckpointRecord {
  return {
    info: {
      id,
      name: 'good',
      type: 'phase-start',
      subject: 'run/x/1',
      description: '',
      tags: [],
      success: true,
      ...info,
    },
    state: 'complete',
    createdAt: '2026-01-01T00:00:00.000Z',
    host: 'h',
    checksum: '0'.repeat(64),
    parts: ['files'],
    fileCount: 1,
    totalBytes: 1,
    newBytes: 1,
    skipped: 0,
    durationMs: 1,
    ...rest,
  };
}
