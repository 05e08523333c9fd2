import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PipelineSchema } from '../../../src/domain/pipeline.schema.ts';
import {
  breakerId,
  hostRecordId,
  ledgerId,
  monitorId,
  recoveryId,
  runId,
  serviceStateId,
  transactionId,
} from '../../../src/domain/wire-names.ts';
import { until } from '../../support/until.ts';
import type { Account } from './account.ts';
import { settle } from './scenario.ts';
import type { ChaosWorld } from './world.ts';

/** An execution that gets messages which nobody should send, and has to do its work all the same. */
export interface Victim {
  workflowId: string;
  signals: readonly string[];
  updates: readonly string[];
  queries: readonly string[];
  /** An orderly request, and the rest of its work; throws where that fails. */
  goOn: () => Promise<void>;
}

type MakeVictim = (world: ChaosWorld, account: Account, name: string) => Promise<Victim>;

const HAND = { by: 'ada', reason: 'chaos' };

const RECOVERY = {
  signals: ['approve', 'deny', 'completeManualStep', 'no such signal'],
  updates: ['approve', 'deny', 'completeManualStep', 'decide', 'pause', 'resume', 'report', 'no such update'],
  queries: ['status', 'plan', 'timeline', 'allowedDecisions', 'no such query'],
};

/** Poison that got through as an order is answered by the order to go on. */
async function resume(world: ChaosWorld, workflowId: string): Promise<void> {
  const handle = world.recoveries.getHandle(workflowId);
  const { pausedBy } = await handle.status();
  if (pausedBy) await handle.resume(HAND);
}

const waitsForApproval: MakeVictim = async (world, account, name) => {
  const acknowledged = await world.start(name, 'ASKS');
  const workflowId = recoveryId(`chaos/${name}`);
  const handle = world.recoveries.getHandle(workflowId);
  const asked = () =>
    until(async () => ((await handle.status()).approval ? handle.status() : undefined), `${name} to ask`);
  await asked();
  return {
    workflowId,
    ...RECOVERY,
    async goOn() {
      await resume(world, workflowId);
      const { planHash = '' } = await asked();
      await handle.approve({ ...HAND, planHash });
      await settle(acknowledged, account);
    },
  };
};

const waitsForHand: MakeVictim = async (world, account, name) => {
  const acknowledged = await world.start(name, 'HAND');
  const workflowId = recoveryId(`chaos/${name}`);
  const handle = world.recoveries.getHandle(workflowId);
  await until(async () => (await handle.status()).status === 'awaiting_operator', `${name} to wait`);
  return {
    workflowId,
    ...RECOVERY,
    async goOn() {
      await resume(world, workflowId);
      await handle.completeManualStep({ actionId: 'fix', by: 'ada' });
      await settle(acknowledged, account);
    },
  };
};

const breaker: MakeVictim = async ({ recoveries: { breakers } }, _account, name) => {
  await breakers.forceOpen(name, HAND);
  await breakers.reset(name, HAND);
  return {
    workflowId: breakerId(name),
    signals: ['report'],
    updates: ['acquire', 'report', 'forceOpen', 'forceClose', 'reset', 'configure'],
    queries: ['status'],
    async goOn() {
      await breakers.forceOpen(name, HAND);
      if ((await breakers.status(name)).state !== 'FORCED_OPEN') throw new Error('it did not open');
      await breakers.reset(name, HAND);
    },
  };
};

const service: MakeVictim = async ({ recoveries: { services } }, _account, name) => {
  await services.reset(name, HAND);
  return {
    workflowId: serviceStateId(name),
    signals: ['change'],
    updates: ['change', 'hold', 'dropHeld'],
    queries: ['status', 'held'],
    async goOn() {
      await services.restore(name, HAND);
      if ((await services.status(name)).degraded) throw new Error('it is still degraded');
    },
  };
};

const host: MakeVictim = async ({ recoveries: { hostRecords } }, _account, name) => {
  await hostRecords.change(name, { type: 'drain', ...HAND });
  return {
    workflowId: hostRecordId(name),
    signals: ['change'],
    updates: ['change'],
    queries: ['state'],
    async goOn() {
      await hostRecords.change(name, { type: 'undrain', ...HAND });
      if ((await hostRecords.read(name))?.drained) throw new Error('it is still drained');
    },
  };
};

const monitor: MakeVictim = async ({ recoveries: { monitors }, root }, _account, name) => {
  const file = join(root, name);
  writeFileSync(file, '');
  const definition = {
    apiVersion: 'rerail/v1',
    kind: 'Monitor',
    metadata: { name },
    spec: { target: `chaos/${name}`, checks: [{ name: 'up', probe: { file: { path: file } }, periodSeconds: 1 }] },
  };
  const start = () => monitors.start(definition, { ...HAND, defaultHost: 'chaos-0' });
  await start();
  return {
    workflowId: monitorId(name),
    signals: ['no such signal'],
    updates: ['configure', 'maintenance', 'resetTarget', 'checkNow'],
    queries: ['health'],
    async goOn() {
      await start();
      await monitors.checkNow(name, HAND);
      if ((await monitors.health(name)).state !== 'healthy') throw new Error('it is not healthy');
      await monitors.stop(name, HAND);
    },
  };
};

const ledger: MakeVictim = async ({ recoveries: { checkpoints }, root }, account, name) => {
  const subject = `workspace/${name}`;
  const directory = join(root, name);
  mkdirSync(directory);
  writeFileSync(join(directory, 'a'), 'before');
  const create = (label: string) =>
    checkpoints.create(subject, { name: label, type: 'manual', host: 'chaos-0', root: directory });
  const { info } = await create('first');
  return {
    workflowId: ledgerId(subject),
    signals: ['no such signal'],
    updates: [
      ...['create', 'add', 'restore', 'verify', 'invalidate', 'delete', 'cleanup', 'noteFindings', 'diff'],
      ...['listArtifacts', 'saveArtifact', 'copyArtifact', 'activateArtifact', 'removeArtifact'],
    ],
    queries: ['list', 'get'],
    async goOn() {
      await create('second');
      writeFileSync(join(directory, 'b'), 'after');
      await checkpoints.restore(subject, info.id, 'ada');
      if (existsSync(join(directory, 'b'))) account.wrong('unverified', `${name}: a restore left what was not there`);
      account.recovered();
    },
  };
};

/** A command that goes on when a file is there, and ends with the world. */
const waitsFor = (file: string): [string, ...string[]] => [
  'sh',
  '-c',
  'while [ ! -e "$0" ] && [ -d "${0%/*}" ]; do sleep 0.1; done',
  file,
];

const run: MakeVictim = async ({ recoveries: { runs }, root }, _account, name) => {
  const gate = join(root, `${name}.gate`);
  const workspace = join(root, name);
  mkdirSync(workspace);
  const pipeline = PipelineSchema.parse({
    apiVersion: 'rerail/v1',
    kind: 'Pipeline',
    metadata: { name: 'chaos' },
    spec: { phases: [{ name: 'one', steps: [{ name: 'wait', run: waitsFor(gate) }] }] },
  });
  const handle = await runs.start({ pipeline, workspace, host: 'chaos-0', key: name });
  return {
    workflowId: runId('chaos', name),
    signals: ['recoveryClosed'],
    updates: ['no such update'],
    queries: ['status'],
    async goOn() {
      writeFileSync(gate, '');
      const { status } = await handle.result();
      if (status !== 'succeeded') throw new Error(`it ended ${status}`);
    },
  };
};

const transaction: MakeVictim = async ({ recoveries: { transactions }, root }, _account, name) => {
  const gate = join(root, `${name}.gate`);
  const handle = await transactions.start(
    { name: 'chaos', operations: [{ id: 'wait', operation: { kind: 'command', argv: waitsFor(gate) } }] },
    { key: name, host: 'chaos-0', workspace: root },
  );
  return {
    workflowId: transactionId(name),
    signals: ['no such signal'],
    updates: ['decide'],
    queries: ['status'],
    async goOn() {
      writeFileSync(gate, '');
      const { status } = await handle.result();
      if (status !== 'committed') throw new Error(`it ended ${status}`);
    },
  };
};

export const VICTIMS: Record<string, MakeVictim> = {
  'recovery-approval': waitsForApproval,
  'recovery-manual': waitsForHand,
  ...{ breaker, service, host, monitor, ledger, run, transaction },
};
