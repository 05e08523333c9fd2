import type { Invocation } from '../domain/action.schema.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { Failure } from '../domain/failure.ts';
import type { Operation } from '../domain/operation.ts';
import type { Probe } from '../domain/probe.ts';
import {
  FAILOVER_ACTIVITIES,
  HOST_ACTIVITIES,
  hostTaskQueue,
  MACHINE_ACTIVITIES,
  SESSION_ACTIVITIES,
} from '../domain/wire-names.ts';

export const workspaceOf = (failure: Failure): string | undefined =>
  failure.run?.workspace ??
  (failure.operation?.kind === 'command' ? failure.operation.workspace : undefined) ??
  failure.workspace;

const hostOf = (failure: Failure): string | undefined =>
  failure.run?.host ?? failure.host ?? (failure.operation?.kind === 'command' ? failure.operation.host : undefined);

export const isHostActivity = (name: string): boolean => (HOST_ACTIVITIES as readonly string[]).includes(name);

const isSessionActivity = (name: string): boolean => (SESSION_ACTIVITIES as readonly string[]).includes(name);
const isFailoverActivity = (name: string): boolean => (FAILOVER_ACTIVITIES as readonly string[]).includes(name);
const isMachineActivity = (name: string): boolean => (MACHINE_ACTIVITIES as readonly string[]).includes(name);
/** The same of a step that is done by any worker. */
const FAILOVER_HEARTBEAT = '10s' as const;
/** A worker that is killed over one is missed so soon; what it has begun is found by the next try. */
const MACHINE_HEARTBEAT = '5s' as const;

const isRecord = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Gives an invocation of a playbook the place it runs in. */
export function toOperation(invocation: Invocation, timeout: string, failure: Failure): Operation {
  const limit = { timeout: timeout as NonNullable<Operation['timeout']> };
  if (invocation.http) return { kind: 'http', ...invocation.http, ...limit };
  const workspace = workspaceOf(failure);
  const host = hostOf(failure);
  if (invocation.command) {
    const { command, cwd, env, envAllow, secretEnv, idempotent } = invocation;
    return { kind: 'command', argv: command, cwd, env, envAllow, secretEnv, idempotent, workspace, host, ...limit };
  }
  const name = invocation.activity ?? '';
  const { inputSchema } = invocation;
  const checked = inputSchema === undefined ? limit : { inputSchema, ...limit };
  if (isFailoverActivity(name))
    return { kind: 'activity', name, input: invocation.input, heartbeat: FAILOVER_HEARTBEAT, ...checked };
  if (isSessionActivity(name) && host)
    return { kind: 'activity', name, input: invocation.input, taskQueue: hostTaskQueue(host), ...checked };
  if (isMachineActivity(name) && host) {
    const place = { taskQueue: hostTaskQueue(host), heartbeat: MACHINE_HEARTBEAT };
    return { kind: 'activity', name, input: invocation.input, ...place, ...checked };
  }
  if (!isHostActivity(name) || !host) return { kind: 'activity', name, input: invocation.input, ...checked };
  const input = isRecord(invocation.input) ? invocation.input : {};
  return {
    kind: 'activity',
    name,
    input: { workspace: workspace ?? null, ...input },
    taskQueue: hostTaskQueue(host),
    ...checked,
  };
}

/** Probes of a playbook look at the workspace and host of the failure. */
export function placeProbe(probe: Probe, failure: Failure): Probe {
  return { ...probe, workspace: probe.workspace ?? workspaceOf(failure), host: probe.host ?? hostOf(failure) };
}

export function placeCommand(operation: Operation, failure: Failure): Operation {
  if (operation.kind !== 'command') return operation;
  return {
    ...operation,
    host: operation.host ?? hostOf(failure),
    workspace: operation.workspace ?? workspaceOf(failure),
  };
}
