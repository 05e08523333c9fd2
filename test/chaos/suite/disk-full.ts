import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fillDisks } from '../disk-full.ts';
import { inWorld, NotRun, type Experiment } from './experiment.ts';
import { startEmbedded, type ChaosServer } from './servers.ts';
import { runStorm } from './storm.ts';

const LOST = /is lost|is damaged/;

/** The experiment of the checkpoints' own chaos, with its findings in the columns of this table. */
const store: Experiment = {
  name: 'disk-full-store',
  what: 'captures, restores and sweeps of checkpoints with every amount of room on the disk, then with enough',
  minutes: [4, 1],
  async run({ account, seed, short }) {
    const outcome = fillDisks({ steps: short ? 4 : 64, seed, tell: () => undefined });
    if (outcome.skipped !== undefined) throw new NotRun(outcome.skipped);
    for (const [what, count] of Object.entries(outcome.counts)) {
      if (what.endsWith(': disk-full')) account.fault(what, count);
      else account.count(what, count);
      // Each attempt is made once more with room, and must work then.
      for (let done = 0; done < count; done++) account.recovered();
    }
    for (const violation of outcome.violations) account.wrong(LOST.test(violation) ? 'lost' : 'other', violation);
  },
};

/** The embedded server wants 200 MiB to begin with. */
const SIZE = '300m';

interface SmallDisk {
  server: ChaosServer;
  /** Nothing more fits. */
  fill: () => void;
  makeRoom: () => void;
}

/** Returns when the disk has said that it is full. */
function fillUp(file: string): void {
  const ballast = openSync(file, 'a');
  try {
    for (let size = 1 << 20; size >= 1;)
      try {
        writeSync(ballast, Buffer.alloc(size));
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
  } finally {
    closeSync(ballast);
  }
}

async function startOnSmallDisk(root: string): Promise<SmallDisk> {
  const mount = join(root, 'small');
  await mkdir(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', mount], { stdio: 'pipe' });
  } catch {
    throw new NotRun('mounting needs root');
  }
  const unmount = (): void => void execFileSync('umount', ['-l', mount]);
  const ballast = join(mount, 'ballast');
  try {
    const server = await startEmbedded(join(mount, 'server'));
    return {
      server: {
        ...server,
        stop: async () => {
          await server.stop();
          unmount();
        },
      },
      fill: () => fillUp(ballast),
      makeRoom: () => rmSync(ballast, { force: true }),
    };
  } catch (error) {
    unmount();
    throw error;
  }
}

const server: Experiment = {
  name: 'disk-full-server',
  what: 'the disk of the embedded server fills up while recoveries are under way, and gets room again',
  minutes: [4, 1],
  async run({ account, random, short }) {
    let disk: SmallDisk | undefined;
    const startServer = async (root: string): Promise<ChaosServer> => (disk = await startOnSmallDisk(root)).server;
    await inWorld({ startServer }, (world) =>
      runStorm(world, account, {
        recoveries: short ? 30 : 150,
        kinds: ['NINE', 'MENDS', 'LIES'],
        async inject(weather) {
          for (let round = 0; round < (short ? 2 : 8) && (await weather.somethingOpen()); round++) {
            await delay(1000 + random.below(2000));
            if (!disk || weather.open() === 0) break;
            disk.fill();
            account.fault('full disks');
            await delay(2000 + random.below(3000));
            disk.makeRoom();
            // It may have ended by itself; then whoever keeps it running starts it again.
            if (!world.server.isAlive()) {
              account.count('servers that a full disk has ended');
              await world.server.launch();
            }
            account.tell(`there is room again, ${weather.open()} recoveries open`);
          }
        },
      }),
    );
  },
};

export const DISK_EXPERIMENTS: readonly Experiment[] = [store, server];
