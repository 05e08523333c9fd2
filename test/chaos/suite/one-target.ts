import type { Account } from './account.ts';
import type { ChaosWorld } from './world.ts';

/** One failing target that many report at the same moment is treated once, and none of the reports is lost. */
export async function reportOneTarget(world: ChaosWorld, account: Account, reports: number): Promise<void> {
  const target = `chaos/one-${account.row.seed}`;
  const failure = { target, message: 'it broke', probes: [] };
  const given = await Promise.all(
    Array.from({ length: reports }, () => world.recoveries.start(failure, { playbook: 'hand' })),
  );
  const first = given.filter(({ joined }) => !joined).length;
  account.fault('reports of one target', given.length);
  if (first !== 1) account.wrong('doubled', `${first} recoveries of one target instead of one`);
  const handle = world.recoveries.getHandle(target);
  const { joined } = await handle.status();
  if (joined !== reports - 1) account.wrong('lost', `${joined} reports have joined instead of ${reports - 1}`);
  await handle.cancel();
  await handle.result();
  account.recovered();
}
