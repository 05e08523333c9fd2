import { randomUUID } from 'node:crypto';
import { describeError } from '../outcome.ts';
import { inWorld, type Experiment } from './experiment.ts';
import type { Account } from './account.ts';
import { makePoisons, type Poison } from './poisons.ts';
import { settle } from './scenario.ts';
import { VICTIMS, type Victim } from './victims.ts';
import { patiently, type ChaosWorld } from './world.ts';

type Way = 'signals' | 'updates' | 'queries';

/** UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED: what an accepted one then waits for is its own affair. */
const ACCEPTED = 2;
const ANSWER_MS = 3000;

async function send(
  world: ChaosWorld,
  workflowId: string,
  way: Way,
  name: string,
  { payloads }: Poison,
): Promise<void> {
  const { workflowService, connection, options } = world.client;
  const namespace = options.namespace;
  const workflowExecution = { workflowId };
  await connection.withDeadline(Date.now() + ANSWER_MS, async () => {
    if (way === 'signals')
      await workflowService.signalWorkflowExecution({
        ...{ namespace, workflowExecution, requestId: randomUUID() },
        ...{ signalName: name, input: { payloads } },
      });
    else if (way === 'queries')
      await workflowService.queryWorkflow({
        ...{ namespace, execution: workflowExecution },
        query: { queryType: name, queryArgs: { payloads } },
      });
    else
      await workflowService.updateWorkflowExecution({
        ...{ namespace, workflowExecution, waitPolicy: { lifecycleStage: ACCEPTED } },
        request: { meta: { updateId: randomUUID(), identity: 'chaos' }, input: { name, args: { payloads } } },
      });
  });
}

/** Why its workflow task fails again and again; undefined where it does not. */
async function stuckBy(world: ChaosWorld, workflowId: string): Promise<string | undefined> {
  const handle = world.client.workflow.getHandle(workflowId);
  // A signal that does harm does it in the next workflow task, which needs a moment.
  for (let look = 0; look < 200; look++) {
    const { raw, status } = await handle.describe();
    if (status.name !== 'RUNNING') return `it ended ${status.name}`;
    const task = raw.pendingWorkflowTask;
    if (!task) return undefined;
    if ((task.attempt ?? 1) > 1) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { events } = await handle.fetchHistory();
  const failed = events?.findLast((event) => event.workflowTaskFailedEventAttributes);
  return failed?.workflowTaskFailedEventAttributes?.failure?.message ?? 'its workflow task does not end';
}

export interface PoisonOptions {
  account: Account;
  seed: number;
  /** Every n-th poison only. */
  each: number;
  victims?: readonly string[];
}

async function poisonOne(world: ChaosWorld, kind: string, { account, seed, each }: PoisonOptions): Promise<void> {
  const make = VICTIMS[kind];
  if (!make) throw new Error(`there is no victim ${kind}`);
  let made = 0;
  const begin = (): Promise<Victim> => patiently(() => make(world, account, `${kind}-${seed}-${made++}`), 15_000);
  let victim = await begin();
  const poisons = makePoisons(seed).filter((_, index) => index % each === seed % each);
  for (const way of ['queries', 'updates', 'signals'] as const)
    for (const name of victim[way])
      for (const poison of poisons) {
        if (way === 'signals' && poison.keysDecide) continue;
        // A refusal is the right answer; whether it did harm is seen below.
        const refused = await send(world, victim.workflowId, way, name, poison).then(
          () => false,
          () => true,
        );
        account.fault(way);
        if (refused) account.count(`${way} refused`);
        const why = await stuckBy(world, victim.workflowId);
        if (why === undefined) continue;
        account.wrong('lost', `${kind}, ${way} ${name}, ${poison.name}: ${why}`);
        await world.client.workflow
          .getHandle(victim.workflowId)
          .terminate('poisoned')
          .catch(() => undefined);
        victim = await begin();
      }
  try {
    await victim.goOn();
    account.count('went on');
  } catch (error) {
    account.wrong('lost', `${kind} did not go on: ${describeError(error)}`);
  }
}

/** Messages that nobody should send, to everything that takes messages. */
export async function sendPoison(world: ChaosWorld, options: PoisonOptions): Promise<void> {
  const { account, victims = Object.keys(VICTIMS) } = options;
  // Somebody else, who gets none, goes on beside them.
  const bystander = world.start(`bystander-${options.seed}`, 'MENDS');
  const poisoned = victims.map((kind) =>
    poisonOne(world, kind, options).catch((error: unknown) =>
      account.wrong('other', `${kind} broke off: ${describeError(error)}`),
    ),
  );
  await Promise.all(poisoned);
  await settle(await bystander, account);
}

export const POISON_EXPERIMENT: Experiment = {
  name: 'poison-messages',
  what: 'malformed, huge, deep and undecodable signals, updates and queries to all that takes messages',
  minutes: [3, 1],
  run: ({ account, seed, short }) => inWorld({}, (world) => sendPoison(world, { account, seed, each: short ? 5 : 1 })),
};
