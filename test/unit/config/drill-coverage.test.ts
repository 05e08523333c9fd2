import { expect, test } from 'vitest';
import { findDrills } from '../../../src/config/load-drills.ts';
import { loadDefinitions } from '../../../src/config/load-playbooks.ts';
import { DrillFaultSchema } from '../../../src/domain/drill-fault.schema.ts';

/** A second host is needed to lose one: test/integration/lost-hosts. */
const WITHOUT_A_DRILL = ['host-lost'];

test('every built-in playbook is named by a drill', async () => {
  const { playbooks } = await loadDefinitions([]);
  const drilled = new Set((await findDrills()).map(({ spec }) => spec.playbook));
  const names = playbooks.map(({ name }) => name);
  expect(names.filter((name) => !drilled.has(name))).toEqual(WITHOUT_A_DRILL);
  expect([...drilled].filter((name) => name !== undefined && !names.includes(name))).toEqual([]);
});

test('every kind of fault is used by a drill', async () => {
  const kinds = DrillFaultSchema.options.map(({ shape }) => shape.type.value);
  const used = new Set((await findDrills()).flatMap(({ spec }) => spec.faults.map(({ type }) => type)));
  expect(kinds.filter((kind) => !used.has(kind))).toEqual([]);
});
