import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { MachineSchema, type Machine } from '../../domain/machine.schema.ts';
import { parseInput } from '../../domain/parse-input.ts';
import type { LedgerCare } from '../../domain/store-care.ts';
import type { RunProbe } from '../probes/run-probe-here.ts';
import type { ProcessActivities } from '../processes/create-process-activities.ts';
import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import { healCpu } from './heal-cpu.ts';
import { healDisk } from './heal-disk.ts';
import { healMemory } from './heal-memory.ts';
import { createPriorities } from './priorities.ts';
import { createAside } from './set-aside.ts';

export interface MachineDeps {
  dataDir: string;
  host: string;
  runProbe: RunProbe;
  processes: Pick<ProcessActivities, 'listHere' | 'restartProcess'>;
  keys: () => { execution: string };
  dropCachesFile?: string;
  cleanLedgers?: LedgerCare['cleanLedgers'] | undefined;
}

export interface MachineInput {
  machine: unknown;
  dryRun?: boolean;
}

function assertHealed<T extends { passed: boolean; before: string; after: string; skipped: string[] }>(done: T): T {
  if (done.passed) return done;
  const why = done.skipped.length > 0 ? `; ${done.skipped.join('; ')}` : '';
  throw new RerailError('heal-failed', `it does not help: before ${done.before}, after ${done.after}${why}`, {
    remedy: 'Look at what takes most, and allow more in spec.machine or give the host more.',
    details: { ...done },
    nonRetryable: true,
  });
}

/** Heals of the host's own resources; only what its definition allows is touched (requirement 6.3). */
export function createMachineActivities(deps: MachineDeps) {
  const parse = ({ machine }: MachineInput): Machine => parseInput(MachineSchema, machine, 'The machine');
  const rulesOf = <Part extends 'memory' | 'disk' | 'cpu'>(
    input: MachineInput,
    part: Part,
  ): NonNullable<Machine[Part]> => {
    const rules = parse(input)[part];
    if (rules !== undefined) return rules;
    throw new RerailError('invalid-input', `The machine is not valid: ${part}: is missing`, {
      remedy: `Say in spec.machine.${part} of the component what may be done.`,
      nonRetryable: true,
    });
  };
  const prioritiesHere = () => createPriorities(path.join(deps.dataDir, 'priorities'), deps.keys().execution);
  const asideOf = (disk: NonNullable<Machine['disk']>) =>
    createAside(path.join(deps.dataDir, 'removed'), deps.keys().execution, disk.aside);
  const lookAtDisk = ({ probe }: NonNullable<Machine['disk']>) => deps.runProbe({ name: 'disk', disk: probe });
  return {
    async healMemory(input: MachineInput) {
      const rules = rulesOf(input, 'memory');
      const { processes, dropCachesFile } = deps;
      const look = () => deps.runProbe({ name: 'memory', memory: rules.probe });
      return assertHealed(await healMemory(rules, { look, processes, dropCachesFile }));
    },
    async healCpu(input: MachineInput) {
      const rules = rulesOf(input, 'cpu');
      const look = () => deps.runProbe({ name: 'cpu', cpu: rules.probe });
      return assertHealed(await healCpu(rules, { look, priorities: prioritiesHere() }));
    },
    undoHealCpu: async (_input: MachineInput) => prioritiesHere().raise(),
    async healDisk(input: MachineInput) {
      const rules = rulesOf(input, 'disk');
      const done = await healDisk(rules, input.dryRun === true, {
        look: () => lookAtDisk(rules),
        aside: asideOf(rules),
        host: deps.host,
        cleanLedgers: deps.cleanLedgers,
        now: Date.now(),
      });
      return input.dryRun ? done : assertHealed(done);
    },
    undoHealDisk: async (input: MachineInput) => ({ restored: await asideOf(rulesOf(input, 'disk')).putBack() }),
    /** The disk is well: what was set aside is not needed any more. */
    async forgetRemoved(input: MachineInput) {
      const rules = rulesOf(input, 'disk');
      const { passed, observed } = await lookAtDisk(rules);
      return passed ? { forgotten: await asideOf(rules).forget() } : { forgotten: 0, kept: observed };
    },
  };
}

/** With the wire form of our errors, and a sign of life. */
export const asHostMachine = (machine: ReturnType<typeof createMachineActivities>) => ({
  healMemory: asActivity((input: MachineInput) => withHeartbeat(() => machine.healMemory(input))),
  healCpu: asActivity((input: MachineInput) => withHeartbeat(() => machine.healCpu(input))),
  undoHealCpu: asActivity((input: MachineInput) => withHeartbeat(() => machine.undoHealCpu(input))),
  healDisk: asActivity((input: MachineInput) => withHeartbeat(() => machine.healDisk(input))),
  undoHealDisk: asActivity((input: MachineInput) => withHeartbeat(() => machine.undoHealDisk(input))),
  forgetRemoved: asActivity((input: MachineInput) => withHeartbeat(() => machine.forgetRemoved(input))),
});
