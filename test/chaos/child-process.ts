import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { CheckpointActivities } from '../../src/activities/checkpoints/create-checkpoint-activities.ts';
import type { CheckpointStore } from '../../src/store/checkpoint-store.ts';
import type { Bench } from '../integration/checkpoint-fixtures.ts';
import { nodeCommand, projectRoot } from '../support/node-command.ts';

export type Step =
  | { do: 'capture'; input: Parameters<CheckpointActivities['captureCheckpoint']>[0] }
  | { do: 'restore'; input: Parameters<CheckpointActivities['restoreCheckpoint']>[0] }
  | { do: 'delete'; ids: string[] }
  | { do: 'repair' }
  | { do: 'export'; id: string; file: string }
  | { do: 'import'; id: string; file: string };

type Activities = CheckpointActivities & { store: CheckpointStore };

/** Answers with the id of the checkpoint that is promised from now on, where there is one. */
export async function carryOut(activities: Activities, step: Step): Promise<string | undefined> {
  if (step.do === 'capture') return (await activities.captureCheckpoint(step.input)).info.id;
  if (step.do === 'restore') return (await activities.restoreCheckpoint(step.input)).backupId;
  if (step.do === 'delete') await activities.deleteCheckpoints({ ids: step.ids });
  else if (step.do === 'repair') await activities.store.repair();
  else if (step.do === 'export') await activities.store.exportBundle(step.id, step.file);
  else {
    await activities.store.importBundle(step.id, step.file);
    return step.id;
  }
  return undefined;
}

export interface ChildOrder {
  bench: Omit<Bench, 'close'>;
  steps: Step[];
  failpoint?: { name: string; passing: number };
}

export interface KillPlan {
  /** After the order was given; absent: it ends by itself or at its failpoint. */
  afterMs?: number;
  /** With the programs that it has started, as at a power cut; else these go on alone. */
  group?: boolean;
}

export interface Ended {
  signal: string | null;
  acknowledged: string[];
  finished: boolean;
  stderr: string;
  ms: number;
}

interface WaitingChild {
  run(order: ChildOrder, kill?: KillPlan): Promise<Ended>;
  dismiss(): void;
}

function startChild(): WaitingChild {
  const [command, ...args] = nodeCommand(new URL('child.ts', import.meta.url));
  const child = spawn(command, args, { cwd: projectRoot, stdio: 'pipe', detached: true });
  const ended: Ended = { signal: null, acknowledged: [], finished: false, stderr: '', ms: 0 };
  child.stdin.on('error', () => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  const closed = new Promise<void>((resolve) => {
    child.once('close', (_, signal) => {
      ended.signal = signal;
      resolve();
    });
    // Programs of the killed child hold its stderr open for as long as they live.
    child.once('exit', (_, signal) => {
      ended.signal = signal;
      if (signal !== null) setImmediate(resolve);
    });
  });
  let markReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (markReady = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') markReady();
    if (line === 'finished') ended.finished = true;
    if (line.startsWith('acknowledged ')) ended.acknowledged.push(line.slice('acknowledged '.length));
  });
  const kill = (group: boolean): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(group ? -child.pid : child.pid, 'SIGKILL');
  };
  return {
    async run(order, plan = {}) {
      await Promise.race([ready, closed]);
      const started = performance.now();
      child.stdin.write(`${JSON.stringify(order)}\n`);
      if (plan.afterMs !== undefined) {
        await Promise.race([delay(plan.afterMs), closed]);
        kill(plan.group === true);
      }
      await closed;
      ended.ms = performance.now() - started;
      return ended;
    },
    dismiss: () => {
      kill(true);
    },
  };
}

/** Keeps children started and waiting, since that takes longer than what they are asked to do. */
export function createChildren(spare: number) {
  const waiting: WaitingChild[] = [];
  return {
    run(order: ChildOrder, kill?: KillPlan): Promise<Ended> {
      const child = waiting.shift() ?? startChild();
      while (waiting.length < spare) waiting.push(startChild());
      return child.run(order, kill);
    },
    close(): void {
      for (const child of waiting.splice(0)) child.dismiss();
    },
  };
}

export type Children = ReturnType<typeof createChildren>;
