import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RecoveryReportSchema } from '../../../src/domain/report.schema.ts';
import { inWorld, NotRun, type Experiment } from './experiment.ts';
import { runStorm } from './storm.ts';

const LIBRARY = 'libfaketime.so.1';
const HOUR_MS = 3_600_000;

function findLibrary(): string {
  const files = readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder, 'faketime', LIBRARY));
  const found = files.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new NotRun('libfaketime is not installed: apt-get install faketime');
}

/** Hours by which the workers' clocks are off, one after the other. */
const JUMPS = ['+3h', '-5h', '+11h', '-1h', '+0', '+23h', '-23h', '+2h'];

interface Clock {
  set: (offset: string) => void;
  environment: Record<string, string>;
}

function createClock(root: string, library: string): Clock {
  const file = join(root, 'clock');
  const set = (offset: string): void => {
    // Never half written for who reads it at this moment.
    writeFileSync(`${file}.new`, `${offset}\n`);
    renameSync(`${file}.new`, file);
  };
  set('+0');
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    // Time-outs are no matter of what time it is.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_RESET: '1',
  };
  return { set, environment };
}

/** Whether the worker that made the plan of this report lived in another time than the server. */
function wasOff(report: unknown): boolean {
  const { plan, times } = RecoveryReportSchema.parse(report);
  return plan !== undefined && Math.abs(Date.parse(plan.createdAt) - Date.parse(times.t1)) > HOUR_MS / 2;
}

export const CLOCK_EXPERIMENT: Experiment = {
  name: 'clock-jumps',
  what: 'clocks of the worker that jump by hours back and forth while it works, and between its deaths',
  minutes: [4, 1],
  async run({ account, random, short }) {
    const library = findLibrary();
    let clock: Clock | undefined;
    const environment = (root: string): Record<string, string> => {
      clock = createClock(root, library);
      return clock.environment;
    };
    await inWorld({ environment }, async (world) => {
      const jumps = short ? JUMPS.slice(0, 4) : [...JUMPS, ...JUMPS, ...JUMPS];
      await runStorm(world, account, {
        recoveries: short ? 24 : 150,
        kinds: ['NINE', 'MENDS', 'LIES'],
        inFlight: short ? 12 : 24,
        onReport: (report) => void (wasOff(report) && account.count('plans of another time')),
        async inject(weather) {
          for (const [index, offset] of jumps.entries()) {
            if (!(await weather.somethingOpen())) break;
            clock?.set(offset);
            await delay(1000 + random.below(short ? 1000 : 3000));
            if (weather.open() === 0) break;
            account.fault('jumps of the clock');
            if (index % 2 === 1) {
              await world.killWorker();
              account.fault('kills of the worker');
            }
            account.tell(`clock at ${offset}, ${weather.open()} recoveries open`);
          }
        },
      });
      // Or the clock was only said to be off.
      if (account.row.counts['plans of another time'] === undefined)
        account.wrong('other', 'no plan was made while the clock was off');
    });
  },
};
