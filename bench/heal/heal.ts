import { setTimeout as sleep } from 'node:timers/promises';
import type { RecoveryClient } from '../../src/client/recovery-client.ts';
import { atMost } from '../bar.ts';
import { summarise } from '../measure.ts';
import { cpuMsOf } from '../process-cpu.ts';
import { inHealWorld, PAUSES, WATCHED, type Patient } from './heal-world.ts';
import { busyProcess, fullDisk, greedyProcess, killedProcess } from './machine.ts';
import { killedCacheServer, killedDatabaseServer } from './servers.ts';
import { damagedCache, exhaustedPool, failingApi, limitedApi, stuckQueue } from './services.ts';
import { damagedSession, frozenSession, killedServer, leftSession, stoppedServer } from './sessions.ts';

const FAULTS = 20;
/** Each look is a query that the worker answers: seldom enough not to be what is measured. */
const LOOK_MS = 200;
const GIVE_UP_MS = 60_000;

/** Without a fault and a monitor, for comparison. */
const IDLE_MS = 10_000;

interface Healed {
  kind: string;
  ms: number;
  status: string;
  humanWaitMs: number;
}

async function isHealthy(recoveries: RecoveryClient, target: string): Promise<boolean> {
  const { targets } = await recoveries.monitors.health('heal');
  const found = targets.find((one) => one.target === target);
  return found?.state === 'healthy' && found.openRecovery === null;
}

async function waitFor(what: string, recoveries: RecoveryClient, look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + GIVE_UP_MS;
  while (!(await look())) {
    if (Date.now() > deadline) {
      const { targets } = await recoveries.monitors.health('heal');
      throw new Error(`waited ${GIVE_UP_MS} ms for ${what}: ${JSON.stringify(targets, null, 1)}`);
    }
    await sleep(LOOK_MS);
  }
}

/** Answers with the share of a core that the process has taken since, in percent. */
function meterOf(pid: number): () => number {
  const [before, started] = [cpuMsOf(pid), Date.now()];
  return () => Math.round(((cpuMsOf(pid) - before) / (Date.now() - started)) * 100);
}

const recoveriesOf = (recoveries: RecoveryClient, target: string) => recoveries.listRecoveries({ target, limit: 1000 });

/** From the fault to the end of the recovery that its monitor has started, which proves that it works. */
async function breakOnce(patient: Patient, recoveries: RecoveryClient): Promise<Healed> {
  const { kind, target } = patient;
  await patient.prepare(recoveries);
  await waitFor(`${kind} to be well`, recoveries, () => isHealthy(recoveries, target));
  const handle = recoveries.getHandle(target);
  const before = (await handle.describe().catch(() => undefined))?.runId;
  const broken = Date.now();
  await patient.break();
  await waitFor(`a recovery of ${kind}`, recoveries, async () => {
    const found = await handle.describe().catch(() => undefined);
    return found !== undefined && found.runId !== before;
  });
  const { status, durations, summary } = await handle.result();
  if (status !== 'recovered') process.stderr.write(`  ${summary}\n`);
  return { kind, ms: Date.now() - broken, status, humanWaitMs: durations.humanWaitMs };
}

/** Real faults, found by a monitor and healed by the built-in playbooks: how long each takes, and what it costs (requirement 6.5). */
export function measureHeal({ quick }: { quick: boolean }): Promise<object> {
  const faults = quick ? 2 : FAULTS;
  return inHealWorld(
    async (folder) => [
      await killedServer(),
      await frozenSession(),
      await stoppedServer(),
      await failingApi(),
      killedProcess(folder),
      await exhaustedPool(folder),
      await damagedSession(),
      await leftSession(),
      await limitedApi(),
      await damagedCache(folder),
      await stuckQueue(folder),
      await killedDatabaseServer(folder),
      await killedCacheServer(folder),
      greedyProcess(folder),
      await busyProcess(folder),
      ...(process.getuid?.() === 0 ? [await fullDisk(folder)] : []),
    ],
    async ({ patients, recoveries, watch, workerPid, serverPid }) => {
      const healed: Healed[] = [];
      let duplicates = 0;
      const idle = meterOf(workerPid);
      await sleep(IDLE_MS);
      const workerCpuWithoutFaults = idle();
      const workerMeter = meterOf(workerPid);
      const serverMeter = meterOf(serverPid);
      for (const patient of patients) {
        await patient.prepare(recoveries);
        await watch(patient);
        await waitFor(`${patient.kind} to be well`, recoveries, () => isHealthy(recoveries, patient.target));
        const before = await recoveriesOf(recoveries, patient.target);
        const begun = Date.now();
        for (let i = 0; i < faults; i++) healed.push(await breakOnce(patient, recoveries));
        const after = await recoveriesOf(recoveries, patient.target);
        const extra = after.length - before.length - faults;
        duplicates += extra;
        if (extra > 0)
          for (const { startedAt, closedAt, status, playbook } of after.slice(0, faults + extra))
            process.stderr.write(`  ${startedAt} to ${closedAt ?? 'now'}: ${status} by ${playbook ?? 'no playbook'}\n`);
        process.stderr.write(`${patient.kind}: ${faults} in ${Date.now() - begun} ms, ${extra} recoveries too many\n`);
      }
      const workerCpu = workerMeter();
      const serverCpuPercentOfCore = serverMeter();
      const kinds = patients.map(({ kind, barMs }) => {
        const times = healed.filter((one) => one.kind === kind).map(({ ms }) => ms);
        const p95 = [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * 0.95))];
        return {
          kind,
          ...summarise(times),
          p95,
          bar: atMost(`${kind}: fault to verified, p95`, p95 ?? Number.NaN, barMs),
        };
      });
      return {
        monitor: { ...WATCHED, ...PAUSES },
        faults: healed.length,
        recovered: healed.filter(({ status }) => status === 'recovered').length,
        duplicates,
        waitedForPeople: healed.filter(({ humanWaitMs }) => humanWaitMs > 0).length,
        // Of `rerail worker`, monitor included, with the programs that it has run.
        workerCpu: atMost('CPU of the worker, mean', workerCpu, 50, '% of a core'),
        workerCpuWithoutFaults,
        serverCpuPercentOfCore,
        kinds,
      };
    },
  );
}
