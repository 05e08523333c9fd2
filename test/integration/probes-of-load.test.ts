import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { runProbe } from '../../src/activities/probes/run-probe.ts';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import type { ProbeReading } from '../../src/domain/probe.ts';
import { ProbeSchema } from '../../src/domain/probe.schema.ts';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { workflowBundle } from '../support/server.ts';
import { until } from '../support/harness.ts';

const look = (given: object, client?: Client): Promise<ProbeReading> =>
  runProbe(ProbeSchema.parse({ name: 'p', timeout: '5s', ...given }), client ? { temporal: () => client } : {});

describe('a probe of a task queue', () => {
  let connection: NativeConnection;
  let client: Client;
  let taskQueue: string;
  let stopWorker: (() => Promise<void>) | undefined;
  let opened: string[];

  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: inject('serverAddress') });
    client = new Client({ connection });
  });
  beforeEach(() => {
    taskQueue = `probed-${randomUUID()}`;
    opened = [];
  });
  afterEach(async () => {
    await Promise.allSettled(opened.map((id) => client.workflow.getHandle(id).terminate()));
    await stopWorker?.();
    stopWorker = undefined;
  });
  afterAll(() => connection.close());

  async function startWorker(options: Partial<WorkerOptions>): Promise<void> {
    const worker = await Worker.create({ connection, taskQueue, ...options });
    const running = worker.run();
    stopWorker = async () => {
      worker.shutdown();
      await running;
    };
  }
  async function open(count: number): Promise<void> {
    const recoveries = createRecoveryClient({ client, taskQueue });
    for (const index of Array(count).keys()) {
      const target = `${taskQueue.replace('-', '/')}-${index}`;
      opened.push(recoveryId(target));
      await recoveries.start({ target, message: 'it broke' });
    }
  }
  const lookAt = (spec: object): Promise<ProbeReading> => look({ temporalTaskQueue: { taskQueue, ...spec } }, client);
  const seen = (spec: object, holds: (reading: ProbeReading) => boolean): Promise<ProbeReading> =>
    until(async () => {
      const reading = await lookAt(spec);
      return holds(reading) && reading;
    }, JSON.stringify(spec));

  it('misses workers of the type that is asked for, and finds them when they poll', async () => {
    const nobody = {
      passed: false,
      failureType: 'disconnected',
      value: 0,
      observed: expect.stringContaining(taskQueue) as string,
    };
    expect(await lookAt({})).toMatchObject(nobody);
    expect(await lookAt({ type: 'workflow' })).toMatchObject(nobody);
    await startWorker({ activities: { nothing: () => Promise.resolve() } });
    expect(await seen({}, ({ passed }) => passed)).toMatchObject({ value: 1 });
    expect(await lookAt({ minPollers: 2 })).toMatchObject({ passed: false, failureType: 'disconnected', value: 1 });
    expect(await lookAt({ type: 'workflow' })).toMatchObject(nobody);
  });

  it('sees activities that wait behind a worker that is busy', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const makePlan = async () => {
      await held;
      throw new Error('there is no plan');
    };
    const maxConcurrentActivityTaskExecutions = 1;
    await startWorker({
      workflowBundle: workflowBundle(),
      activities: { makePlan },
      maxConcurrentActivityTaskExecutions,
    });
    try {
      await open(4);
      const late = await seen({ maxBacklog: 1 }, ({ failureType }) => failureType === 'performance');
      expect(late).toMatchObject({
        passed: false,
        unit: 'tasks',
        // The one that is done waits again after its heartbeat time-out; and the server's count is approximate.
        observed: expect.stringMatching(/^backlog \d+ tasks \(at most 1\)$/) as string,
      });
      expect(await lookAt({ maxBacklog: 100 })).toMatchObject({ passed: true });
      expect(await lookAt({})).toMatchObject({ passed: true });
      await seen({ type: 'workflow', maxBacklog: 0 }, ({ passed }) => passed);
    } finally {
      release();
    }
  });

  it('sees workflows that wait for a worker that polled a moment ago', async () => {
    const ofWorkflows = { type: 'workflow', maxBacklog: 2 };
    await startWorker({ workflowBundle: workflowBundle() });
    await seen(ofWorkflows, ({ passed }) => passed);
    await stopWorker?.();
    stopWorker = undefined;
    await open(3);
    const late = await seen(ofWorkflows, ({ failureType }) => failureType === 'performance');
    expect(late).toMatchObject({ passed: false, value: 3, observed: 'backlog 3 tasks (at most 2)' });
    expect(await lookAt({ type: 'workflow', maxBacklog: 3 })).toMatchObject({ passed: true });
  });
});

describe('a probe of the computing time', () => {
  let busy: ChildProcess[] = [];
  /** On every core, until it is ended; at most two minutes. */
  const burn = (...first: string[]): void => {
    const [file = '', ...args] = [...first, 'timeout', '120', process.execPath, '-e', 'for (;;);'];
    busy = Array.from({ length: availableParallelism() }, () => spawn(file, args, { stdio: 'ignore' }));
  };
  afterEach(async () => {
    for (const child of busy) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    busy = [];
  });

  it('fails while every core is busy', async () => {
    burn();
    const probe = { cpu: { maxPercent: 60, sample: '300ms' } };
    const reading = await until(async () => {
      const now = await look(probe);
      return !now.passed && now;
    }, 'busy cores');
    expect(reading).toMatchObject({ failureType: 'performance', unit: '%' });
    expect(reading.value).toBeGreaterThan(60);
    expect(reading.observed).toMatch(/^CPU [\d.]+ % \(at most 60\)$/);
  });

  it('does not count what runs at a lower priority where it is told so', async () => {
    burn('nice', '-n', '19');
    const share = async (ignoreNice: boolean): Promise<number> =>
      (await look({ cpu: { maxPercent: 100, ignoreNice, sample: '300ms' } })).value ?? 0;
    // At the same time, so that what others do is in both.
    await until(async () => {
      const [all, rest] = await Promise.all([share(false), share(true)]);
      return all - rest > 10;
    }, 'the share of what is nice');
  });
});
