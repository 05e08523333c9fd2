import type { Invocation } from '../domain/action.schema.ts';
import type { LoadedComponent } from '../domain/component.ts';
import type { Json } from '../domain/canonical-json.ts';

/** What a component can do without defining it; its own procedures come first. */
export interface BuiltInProcedure {
  run: Invocation;
  /** Of the step that runs it, where the playbook names none. */
  undo?: Invocation;
}

type Procedures = Record<string, BuiltInProcedure>;

function breakerProcedures({ spec: { breaker } }: LoadedComponent): Procedures {
  if (breaker === undefined) return {};
  return { 'reset-breaker': { run: { activity: 'resetBreaker', input: { breaker } } } };
}

function processProcedures({ name, spec: { process } }: LoadedComponent): Procedures {
  if (process === undefined) return {};
  const invoke = (activity: string): Invocation => ({
    activity,
    input: { process: { name, ...process } as unknown as Json },
  });
  return {
    'check-process': { run: invoke('processStatus') },
    'restart-process': { run: invoke('restartProcess') },
    'stop-process': { run: invoke('stopProcess'), undo: invoke('startProcess') },
    'verify-process': { run: invoke('verifyProcess') },
  };
}

function machineProcedures({ name, spec: { machine } }: LoadedComponent): Procedures {
  const input = { machine: { name, ...machine } as unknown as Json };
  return {
    ...(machine?.memory ? { 'heal-memory': { run: { activity: 'healMemory', input } } } : {}),
    ...(machine?.cpu
      ? { 'heal-cpu': { run: { activity: 'healCpu', input }, undo: { activity: 'undoHealCpu', input } } }
      : {}),
    ...(machine?.disk
      ? {
          'heal-disk': { run: { activity: 'healDisk', input }, undo: { activity: 'undoHealDisk', input } },
          'forget-removed': { run: { activity: 'forgetRemoved', input } },
        }
      : {}),
  };
}

function hostProcedures({ name, spec: { host } }: LoadedComponent): Procedures {
  if (host?.failover === undefined) return {};
  const lost = host.name ?? name;
  return {
    'fail-over-host': {
      run: { activity: 'failOverHost', input: { host: lost, failover: host.failover as Json } },
      undo: { activity: 'undoFailOver', input: { host: lost } },
    },
  };
}

function sessionProcedures({ spec: { session } }: LoadedComponent): Procedures {
  if (session === undefined) return {};
  const invoke = (activity: string): Invocation => ({ activity, input: { session: session as Json } });
  const undo = invoke('undoSession');
  return {
    'save-session': { run: invoke('saveSession') },
    'recreate-session': { run: invoke('recreateSession'), undo },
    'unfreeze-session': { run: invoke('unfreezeSession') },
    'repair-session': { run: invoke('repairSession'), undo },
    'reattach-session': { run: invoke('reattachSession'), undo },
    'verify-session': { run: invoke('verifySession') },
  };
}

function serviceProcedures({ name, spec: { service } }: LoadedComponent): Procedures {
  if (service === undefined) return {};
  const { api, database, cache } = service;
  const invoke = (activity: string): Invocation => ({ activity, input: { name, service: service as Json } });
  if (database) {
    return {
      'reset-pool': { run: invoke('resetConnectionPool') },
      'check-integrity': { run: invoke('checkDatabaseIntegrity') },
      'resume-operations': { run: invoke('resumeOperations') },
    };
  }
  if (cache) {
    return {
      'check-health': { run: invoke('checkCache') },
      'clear-corrupt-entries': { run: invoke('clearCorruptEntries'), undo: invoke('putEntriesBack') },
      ...(cache.load ? { 'rebuild-cache': { run: invoke('rebuildCache') } } : {}),
      verify: { run: invoke('verifyCache') },
    };
  }
  if (api) {
    return {
      'check-health': { run: invoke('checkService') },
      ...(api.errorCache ? { 'clear-error-cache': { run: invoke('clearErrorCache') } } : {}),
      'test-connectivity': { run: invoke('testServiceConnection') },
      'restore-operations': { run: invoke('restoreTraffic') },
      ...(api.rate ? { 'adjust-rate': { run: invoke('adjustRequestRate'), undo: invoke('restoreRequestRate') } } : {}),
      verify: { run: invoke('verifyService') },
    };
  }
  return {
    'check-health': { run: invoke('checkQueue') },
    'heal-queue': { run: invoke('healQueue'), undo: invoke('undoHealQueue') },
    verify: { run: invoke('verifyQueue') },
  };
}

/** One row for each thing that a component may be. */
const KINDS: readonly ((component: LoadedComponent) => Procedures)[] = [
  breakerProcedures,
  sessionProcedures,
  serviceProcedures,
  processProcedures,
  machineProcedures,
  hostProcedures,
];

/** What the name means for this component; undefined where it is nothing that the component has. */
export function builtInProcedure(name: string, component: LoadedComponent): BuiltInProcedure | undefined {
  return KINDS.map((kind) => kind(component)[name]).find((found) => found !== undefined);
}

/** Has everything that brings procedures with it; what is in its fields is never looked at. */
const sample = (spec: object): LoadedComponent => ({
  name: 'any',
  file: '',
  spec: { dependsOn: [], probes: [], procedures: {}, ...spec },
});

const SAMPLES = [
  { breaker: 'any' },
  { session: {} },
  { process: {} },
  { machine: { memory: {}, cpu: {}, disk: {} } },
  { host: { failover: {} } },
  { service: { database: {} } },
  { service: { cache: { load: {} } } },
  { service: { api: { errorCache: {}, rate: {} } } },
  { service: { queue: {} } },
].map(sample);

/** Whether a procedure of this name that a component has without defining it comes with an undo, whatever the component is. */
export function builtInUndo(name: string): boolean {
  const found = SAMPLES.flatMap((component) => builtInProcedure(name, component) ?? []);
  return found.length > 0 && found.every(({ undo }) => undo !== undefined);
}
