import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { injectFault, takeBackFault } from '../../src/activities/drills/faults/registry.ts';
import { prepareSandbox } from '../../src/activities/drills/prepare-sandbox.ts';
import { removeSandbox } from '../../src/activities/drills/remove-sandbox.ts';
import { existingSandbox, sandboxPlace } from '../../src/activities/drills/sandbox-place.ts';
import { processesIn } from '../../src/activities/drills/sandbox-processes.ts';
import type { TemporalServer } from '../../src/activities/drills/sandbox-temporal.ts';
import { startAll } from '../../src/activities/drills/start-all.ts';
import { DrillFaultSchema, type DrillFault } from '../../src/domain/drill-fault.schema.ts';
import { SandboxSchema } from '../../src/domain/drill-sandbox.schema.ts';

interface SandboxOfTest {
  dataDir: string;
  id: string;
  temporalServer?: TemporalServer;
}

/** A sandbox as a drill makes it, with all that it runs. */
export async function openDrillSandbox({ dataDir, id, temporalServer }: SandboxOfTest, given: object) {
  const sandbox = SandboxSchema.parse(given);
  const { path: work, inputs } = await prepareSandbox(dataDir, { id, sandbox });
  const place = await existingSandbox(dataDir, id);
  await startAll(place, sandbox, { temporalServer });
  let index = 0;
  return {
    place,
    at: (name: string) => path.join(work, name),
    port: (name: string) => inputs?.ports[name] ?? 0,
    /** Injects it, twice as after a lost worker, lets it be seen, and takes it back, twice as well. */
    async during(fault: object, seen: () => Promise<void>) {
      const parsed: DrillFault = DrillFaultSchema.parse(fault);
      const own = index++;
      const first = await injectFault(place, own, parsed);
      expect(await injectFault(place, own, parsed)).toEqual(first);
      await seen();
      await takeBackFault(place, own);
      await takeBackFault(place, own);
    },
  };
}

/** Removes it; nothing of it is left then: no process, no mount, no folder. */
export async function expectRemoved({ dataDir, id }: SandboxOfTest): Promise<void> {
  const place = sandboxPlace(dataDir, id);
  expect(await removeSandbox(place)).toEqual([]);
  expect(await processesIn(place)).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(place.root);
  expect([place.root, place.outside].filter(existsSync)).toEqual([]);
}
