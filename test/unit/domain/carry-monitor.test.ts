import { expect, it } from 'vitest';
import { MonitorSchema } from '../../../src/domain/monitor.schema.ts';
import { monitorOf } from '../../../src/domain/monitor.ts';
import { carry } from '../../../src/workflows/carry-monitor.ts';
import { newRecord } from '../../../src/workflows/monitor-state.ts';

const monitor = monitorOf(
  MonitorSchema.parse({
    apiVersion: 'rerail/v1',
    kind: 'Monitor',
    metadata: { name: 'many' },
    spec: { target: 'service/x', checks: [{ name: 'up', probe: { memory: {} } }] },
  }),
  'here',
);

const recordWith = (readings: number) => ({
  ...newRecord(monitor, 1),
  readings: Object.fromEntries(
    Array.from({ length: readings }, (_, index) => {
      const name = `check-${index}`;
      const at = new Date(0).toISOString();
      return [name, { name, kind: 'memory' as const, passed: false, observed: 'ü'.repeat(500), at, durationMs: 1 }];
    }),
  ),
});

it('carries a monitor once, with its readings', () => {
  const record = recordWith(3);
  const carried = carry(record);
  expect(carried.record).not.toHaveProperty('monitor');
  expect({ ...carried.record, monitor: carried.monitor }).toEqual(record);
});

it('leaves out readings that would not go in', () => {
  const { record } = carry(recordWith(2000));
  expect(record).toMatchObject({ readings: {}, counts: { unseen: ['up'] } });
});
