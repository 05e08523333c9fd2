import { Context } from '@temporalio/activity';
import { withHeartbeat } from '../../src/activities/support/with-heartbeat.ts';
import type { WatchDrilledInput, WatchedRecovery } from '../../src/domain/drill.ts';
import { DrillSpecSchema, type DrillSpec } from '../../src/domain/drill.schema.ts';
import type { ProbeReading } from '../../src/domain/probe.ts';
import { drillSuiteId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import type { drillSuite, DrillSuiteInput } from '../../src/workflows/drill-suite.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.ts';
import { until, type Harness } from '../support/harness.ts';

const COMMAND = { kind: 'command', argv: ['look'] };

/** Well, broken by the fault, and well again when the recovery has run its command; what a drill of it asks for. */
export function breakable(
  harness: Harness,
  playbook: string,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
  more: object = {},
): DrillSpec {
  let broken = false;
  harness.fakes['injectFault'] = () => {
    broken = true;
    return { at: new Date().toISOString() };
  };
  harness.fakes['runCommand'] = async ({ key }: { key: string }) => {
    if (!key.endsWith('/seen')) {
      await meanwhile();
      broken = false;
    }
    return { exitCode: 0, stdout: '', stderr: '', durationMs: 1 };
  };
  harness.fakes['runProbe'] = ({ name }: { name: string }): ProbeReading => ({
    name,
    kind: 'tcp',
    passed: !broken,
    observed: broken ? 'closed' : 'open',
    durationMs: 1,
    at: new Date().toISOString(),
  });
  return DrillSpecSchema.parse({
    playbook,
    steadyState: [{ name: 'up', tcp: { port: 1 } }],
    checkpoint: true,
    faults: [{ type: 'writeFile', path: 'a', content: 'b' }],
    failure: { code: 'ANY', operation: COMMAND },
    hold: '2ms',
    settle: '1s',
    ...more,
  });
}

/** An activity that works until it hears that it is cancelled. Answers whether it is at work. */
export function untilCancelled(harness: Harness, activity: string, onStop: () => void = () => undefined) {
  let atWork = false;
  harness.fakes[activity] = () =>
    withHeartbeat(async () => {
      atWork = true;
      try {
        await Context.current().cancelled;
      } finally {
        onStop();
      }
    });
  return (): Promise<boolean> => Promise.resolve(atWork);
}

const begin = (...given: Parameters<typeof breakable>) =>
  given[0].recoveries.drills.start({ name: 'path', host: given[0].host, spec: breakable(...given) });

/** What is told of a recovery that went back to a checkpoint, and of a service whose clients it has slowed down. */
export function fakeRolledBack(harness: Harness, ratePerSecond: number): void {
  harness.fakes['watchDrilledRecovery'] = ({
    recoveryId,
    recoveryRunId,
    joined,
    services = [],
  }: WatchDrilledInput): WatchedRecovery => ({
    recovery: {
      ...{ workflowId: recoveryId, runId: recoveryRunId, joined, status: 'escalated', summary: 'no', verified: false },
      actions: [
        { id: 'slow', type: 'run', status: 'compensated', durationMs: 1 },
        { id: 'back', type: 'rollback', status: 'succeeded', durationMs: 1 },
      ],
      ...{ compensations: 1, humanWaitMs: 0 },
    },
    times: {},
    restored: true,
    backup: { action: 'back', checkpointId: 'cp_before' },
    degraded: services.map((service) => ({ service, during: false, afterwards: false, ratePerSecond })),
  });
}

/** A drill of it. */
export const UNDOES = {
  components: { api: { service: { api: { health: { url: 'http://127.0.0.1:1/' }, rate: { perSecond: 100 } } } } },
  expect: { status: 'escalated', healthy: false, undone: true },
};

/** A suite as a schedule starts it. */
export const startSuite = (harness: Harness, input: Omit<DrillSuiteInput, 'host'>) =>
  harness.client.workflow.start<typeof drillSuite>(WORKFLOW_TYPES.drillSuite, {
    workflowId: `${drillSuiteId(harness.host)}-${crypto.randomUUID().slice(0, 8)}`,
    taskQueue: harness.taskQueue,
    args: [{ host: harness.host, ...input }],
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.target, value: drillSuiteId(harness.host) }],
  });

export const DRILL_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'drill-over',
    async play(harness) {
      const handle = await begin(harness, 'retry');
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-with-parts',
    async play(harness) {
      // The recovery waits until the fault has ended by itself.
      let ended = (): void => undefined;
      const end = new Promise<void>((resolve) => (ended = resolve));
      harness.fakes['takeBackFault'] = () => {
        ended();
        return null;
      };
      const handle = await begin(harness, 'retry', () => end, {
        sandbox: { ports: ['web'], services: [{ kind: 'http', name: 'api' }] },
        components: {
          web: { process: { argv: ['serve'], cwd: '{{ inputs.sandbox }}' } },
          api: { service: { api: { health: { url: 'http://127.0.0.1:1/' } } } },
          agent: { session: { name: 'agent' } },
        },
        faults: [{ type: 'writeFile', path: 'a', content: 'b', for: '5ms' }],
      });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-under-load',
    async play(harness) {
      const handle = await begin(harness, 'retry', () => Promise.resolve(), {
        load: { workers: 1 },
        components: { orders: {} },
        expect: { degraded: ['orders'] },
      });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-by-chance-that-is-undone',
    async play(harness) {
      const fault = { type: 'writeFile', content: 'b' };
      const handle = await begin(harness, 'retry', () => Promise.resolve(), {
        faults: ['a', 'b', 'c', 'd'].map((path) => ({ ...fault, path })),
        pick: 2,
        expect: { undone: true },
      });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-that-undoes-a-rollback',
    async play(harness) {
      const spec = breakable(harness, 'retry', undefined, { ...UNDOES, playbook: undefined });
      fakeRolledBack(harness, 100);
      harness.fakes['restoreCheckpoint'] = () => null;
      const handle = await harness.recoveries.drills.start({ name: 'path', host: harness.host, spec });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-cancelled',
    async play(harness) {
      let release = (): void => undefined;
      let hangs = false;
      const handle = await begin(harness, 'retry', () => {
        hangs = true;
        return new Promise<void>((resolve) => (release = resolve));
      });
      await until(() => Promise.resolve(hangs), 'the command of its recovery');
      await handle.cancel();
      release();
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-cancelled-while-injecting',
    async play(harness) {
      const spec = breakable(harness, 'retry');
      const isInjecting = untilCancelled(harness, 'injectFault');
      const handle = await harness.recoveries.drills.start({ name: 'path', host: harness.host, spec });
      await until(isInjecting, 'the fault');
      await handle.cancel();
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-suite',
    async play(harness) {
      const spec = breakable(harness, 'retry');
      harness.fakes['judgeDrillSuite'] = () => ({
        regressions: [{ name: 'first', kind: 'slower', message: 'slower than it was' }],
        past: {},
      });
      const handle = await startSuite(harness, {
        names: ['no-such-drill'],
        definitions: [
          { name: 'first', spec },
          { name: 'second', spec },
        ],
      });
      await handle.result();
      return handle.workflowId;
    },
  },
  {
    name: 'drill-suite-cancelled',
    async play(harness) {
      let release = (): void => undefined;
      let hangs = false;
      const spec = breakable(harness, 'retry', () => {
        hangs = true;
        return new Promise<void>((resolve) => (release = resolve));
      });
      const definitions = ['first', 'second'].map((name) => ({ name, spec }));
      const handle = await startSuite(harness, { definitions });
      await until(() => Promise.resolve(hangs), 'the command of the first drill');
      await handle.cancel();
      release();
      await handle.result();
      return handle.workflowId;
    },
  },
];
