import { setTimeout as delay } from 'node:timers/promises';
import proto from '@temporalio/proto';
import type { Account } from './account.ts';
import { settle, type Acknowledged } from './scenario.ts';
import { patiently, type ChaosWorld } from './world.ts';

const { EventType } = proto.temporal.api.enums.v1;
/** What begins a transaction of the server; a history is never seen to end just before anything else. */
const FIRST: ReadonlySet<unknown> = new Set([
  EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
  EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
  EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
]);

export interface EventKillOptions {
  who: 'worker' | 'server';
  /** Kills at every place, or at every n-th only. */
  each: number;
  /** Under way at the same time, each elsewhere in its history. */
  recoveries: number;
  /** Share of the places that has to be met. */
  atLeast: number;
}

interface Place {
  /** Of the history that ends there. */
  length: number;
  next: string;
}

/** The places that the history of an undisturbed recovery has on its way, with its first and its last. */
async function rehearse(world: ChaosWorld, account: Account): Promise<Place[]> {
  const acknowledged = await world.start(`rehearsal-${account.row.seed}`, 'NINE');
  await settle(acknowledged, account);
  const { events } = await world.client.workflow.getHandle(`recovery/chaos/${acknowledged.name}`).fetchHistory();
  const places = (events ?? []).flatMap(({ eventType }, length) =>
    length > 0 && FIRST.has(eventType) ? [{ length, next: EventType[eventType ?? 0] ?? '' }] : [],
  );
  if (places.length === 0) throw new Error('the rehearsal has no history');
  return places;
}

/** How long one of them may be aimed at in vain: some places last for a millisecond. */
const AIM_MS = 6000;

/**
 * Kills with SIGKILL at every place of the history of a recovery of nine actions with their undos: as soon as one of those that
 * are under way stands where nobody has been killed so far. The places that are too short to be met are told.
 */
export async function killAtEvents(world: ChaosWorld, account: Account, options: EventKillOptions): Promise<void> {
  const { who, each, recoveries, atLeast } = options;
  const places = (await rehearse(world, account)).filter((_, index) => index % each === 0);
  const wanted = new Set(places.map(({ length }) => length));
  const all = wanted.size;
  const open = new Map<Acknowledged, Promise<void>>();
  let begun = 0;
  const begin = async (): Promise<void> => {
    const name = `${who}-${account.row.seed}-${begun++}`;
    const acknowledged = await patiently(() => world.start(name, 'NINE'));
    open.set(
      acknowledged,
      settle(acknowledged, account).finally(() => open.delete(acknowledged)),
    );
  };
  const standings = (): Promise<number[]> =>
    Promise.all(
      [...open.keys()].map(
        async ({ name }) =>
          (await patiently(() => world.client.workflow.getHandle(`recovery/chaos/${name}`).describe())).historyLength,
      ),
    );
  let met = 0;
  let missed = 0;
  // A place that is over in a moment may be missed; it is tried until a round of aiming brings nothing.
  while (wanted.size > 0 && missed < 3) {
    while (open.size < recoveries) await begin();
    const aimed = Date.now();
    let there: number[] = [];
    do there = await standings();
    while (!there.some((length) => wanted.has(length)) && Date.now() - aimed < AIM_MS && (await delay(2, true)));
    missed = there.some((length) => wanted.has(length)) ? 0 : missed + 1;
    await (who === 'worker' ? world.killWorker() : world.killServer());
    account.fault(`kills of the ${who}`);
    for (const length of there) if (wanted.delete(length)) met += 1;
    if (account.row.faults % 10 === 0) account.tell(`${account.row.faults} kills, ${met} of ${all} places`);
  }
  account.count('places of the history', all);
  account.count('places killed at', met);
  await Promise.all(open.values());
  for (const { length, next } of places)
    if (wanted.has(length)) account.tell(`nobody was killed between event ${length} and ${next}`);
  if (met < all * atLeast) account.wrong('other', `only ${met} of ${all} places were killed at`);
}
