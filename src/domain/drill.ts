export type { Drill, DrillFault, DrillInput, DrillReport, DrillSpec, SandboxItem } from './drill.schema.ts';
import type { DrillReport, DrillSpec, SandboxItem } from './drill.schema.ts';
import { toMs } from './duration.ts';

export const DRILL_VERDICTS = ['passed', 'failed', 'invalid', 'aborted'] as const;
export type DrillVerdict = (typeof DRILL_VERDICTS)[number];

export const FAULT_KINDS = [
  'writeFile',
  'deleteFile',
  'flipBit',
  'flipBitInStore',
  'permissionDenied',
  'componentDisabled',
  'gitLock',
  'gitDetach',
  'gitConflict',
  'gitMissingObject',
  'killProcess',
  'killByPidFile',
  'stopProcess',
  'networkLatency',
  'networkCut',
  'networkReset',
  'networkHalfOpen',
  'networkLoss',
  'portClosed',
  'dnsFailure',
  'serviceErrors',
  'rateLimit',
  'killService',
  'stopService',
  'redisOutOfMemory',
  'redisEntriesDamaged',
  'databaseConnectionsExhausted',
  'tmuxServerKilled',
  'sessionFrozen',
  'windowKilled',
  'clientDetached',
  'diskFull',
  'cpuExhaustion',
  'memoryExhaustion',
  'clockSkew',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The names of what was there before and is not, or is another, afterwards. */
export function findLosses(before: readonly SandboxItem[], after: readonly SandboxItem[]): string[] {
  const found = new Map(after.map((item) => [item.path, item]));
  return before.flatMap(({ path, sha256, mode }) => {
    const now = found.get(path);
    if (!now) return [`${path} is gone`];
    if (now.sha256 !== sha256) return [`${path} has changed`];
    return mode === undefined || now.mode === undefined || now.mode === mode ? [] : [`${path} has other permissions`];
  });
}

/** In both directions. */
export const findDifferences = (before: readonly SandboxItem[], after: readonly SandboxItem[]): string[] => {
  const known = new Set(before.map(({ path }) => path));
  const added = after.filter(({ path }) => !known.has(path)).map(({ path }) => `${path} has come to it`);
  return [...findLosses(before, after), ...added];
};

const RUN_IN_NAME = 8;
const endOf = (runId: string): string => `-${runId.slice(0, RUN_IN_NAME)}`;

/** A name that no other component, and no other run of this drill, has: processes and services are known by it. */
export const componentOfRun = (name: string, runId: string): string => `drill-${name}${endOf(runId)}`;
export const isComponentOfRun = (name: string, runId: string): boolean =>
  name.startsWith('drill-') && name.endsWith(endOf(runId));

/** What a drill has seen, before anybody has judged it. */
export type DrillFacts = Omit<DrillReport, 'verdict' | 'problems'>;

const isDone = (status: string): boolean => status === 'succeeded' || status === 'compensated';

/** Which recovery a drill waits for, and what it answers where a person would. */
export interface WatchDrilledInput {
  recoveryId: string;
  recoveryRunId: string;
  joined: boolean;
  answers: DrillSpec['answers'];
  by: string;
  /** Services whose clients the recovery may tell something. */
  services?: string[];
  /** Come back with `asks-by-hand` instead of answering a step by hand: something has to be done for it first. */
  untilByHand?: boolean;
}

/** What the clients of a service were told, by the recovery and in the end. */
export interface ToldService {
  service: string;
  during: boolean;
  afterwards: boolean;
  /** In the end; null: no limit. Absent of histories from before it was told. */
  ratePerSecond?: number | null;
}

/** How it ended. */
export interface DrilledRecovery {
  recovery: NonNullable<DrillReport['recovery']>;
  times: { t2?: string; t3?: string };
  /** It went back to a checkpoint. */
  restored: boolean;
  /** What was there before it did: by which action, and the checkpoint that it is kept in. */
  backup?: { action: string; checkpointId: string };
  /** When the checkpoint was made that its session came back from. */
  sessionFrom?: string;
  /** What the clients of the services were told. */
  degraded?: ToldService[];
}

export type WatchedRecovery = DrilledRecovery | 'asks-by-hand';

/** Everything that keeps a drill from having passed, in words; none is a pass (requirement 7.1). */
export function judgeDrill(spec: DrillSpec, facts: DrillFacts): string[] {
  const { recovery, durations, items, healthy, held, left } = facts;
  const problems: string[] = [];
  if (!recovery) problems.push('no recovery has ended');
  else {
    if (recovery.joined)
      problems.push('it joined a recovery that was open already: its times are not those of the drill');
    if (recovery.status !== spec.expect.status)
      problems.push(`the recovery ended ${recovery.status} instead of ${spec.expect.status}: ${recovery.summary}`);
    if (spec.playbook !== undefined && recovery.playbook !== spec.playbook)
      problems.push(`playbook ${recovery.playbook ?? 'none'} was used instead of ${spec.playbook}`);
    for (const wanted of spec.expect.actions) {
      const found = recovery.actions.find(({ id }) => id === wanted);
      if (!found || !isDone(found.status)) problems.push(`action ${wanted} was ${found?.status ?? 'not in the plan'}`);
    }
    for (const refused of spec.expect.failed ?? []) {
      const found = recovery.actions.find(({ id }) => id === refused);
      if (found?.status !== 'failed')
        problems.push(`action ${refused} was ${found?.status ?? 'not in the plan'} instead of failed`);
    }
    if (spec.expect.status === 'recovered' && !recovery.verified)
      problems.push('the recovery says that it recovered and has proven nothing');
  }
  if (spec.expect.healthy && !healthy) problems.push('the steady state has not come back');
  else if (spec.expect.healthy && !held) problems.push(`the steady state did not hold for ${spec.hold}`);
  for (const name of spec.expect.degraded ?? []) {
    const told = facts.degraded?.find(({ component }) => component === name);
    if (!told?.during) problems.push(`the clients of ${name} were not told that it is degraded`);
    else if (told.afterwards) problems.push(`${name} is still degraded for its clients`);
  }
  if (spec.expect.undone) {
    const { differences, actions = [] } = facts.undone ?? {};
    if (!differences) problems.push('nobody has looked whether it was undone');
    else if (differences.length > 0) problems.push(`not undone: ${differences.slice(0, 5).join(', ')}`);
    if (recovery?.compensations === 0 && actions.length === 0) problems.push('nothing was undone');
  }
  const { rto, rpo } = spec.objectives;
  if (durations.ttrMs !== undefined && durations.ttrMs > toMs(rto))
    problems.push(`${durations.ttrMs} ms to recover, the objective is ${rto}`);
  if (rpo !== undefined && durations.checkpointAgeMs !== undefined && durations.checkpointAgeMs > toMs(rpo))
    problems.push(`it went back ${durations.checkpointAgeMs} ms, the objective is ${rpo}`);
  if (items.lost.length > spec.objectives.itemsLost)
    problems.push(`${items.lost.length} of ${items.count} items lost: ${items.lost.slice(0, 5).join(', ')}`);
  problems.push(...left.map((what) => `left behind: ${what}`));
  return problems;
}
