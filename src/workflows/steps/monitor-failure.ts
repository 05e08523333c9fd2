import type { Failure } from '../../domain/failure.ts';
import { HOST_LOST } from '../../domain/host.ts';
import { probeOf, type MonitorCheck } from '../../domain/monitor.ts';
import type { ProbeReading } from '../../domain/probe.ts';
import { countOf, type MonitorRecord } from '../monitor-state.ts';

const MESSAGE = 9000;

/** By the host's clock when the first of the failures in a row was seen, and never after now. */
function firstFailure({ periodSeconds }: MonitorCheck, at: string, failures: number, now: number): string {
  const seen = Date.parse(at) - Math.max(0, failures - 1) * periodSeconds * 1000;
  return new Date(Math.min(seen, now)).toISOString();
}

/** What is left of the wait that the target asked for when it was looked at. */
function waitLeft({ at, retryAfterMs }: ProbeReading, now: number): Pick<Failure, 'retryAfter'> {
  if (retryAfterMs === undefined) return {};
  const left = retryAfterMs - Math.max(0, now - Date.parse(at));
  return left > 0 ? { retryAfter: `${Math.ceil(left)}ms` } : {};
}

/** What is told of a target that is ill: the first of its ill checks speaks, the readings of all are evidence. */
export function targetFailure(record: MonitorRecord, target: string, now: number): Failure {
  const { monitor, readings } = record;
  const none = new Set(record.counts.unseen);
  const ill = monitor.checks
    .filter((check) => check.target === target)
    .map((check) => ({ check, count: countOf(record, check.name, none), reading: readings[check.name] }))
    .filter(({ count }) => count.state === 'unhealthy');
  const first = ill[0];
  const given = first?.check.failure;
  const seen = first?.reading?.observed ?? 'no reading';
  const type = given?.failureType ?? first?.reading?.failureType;
  const message = given?.message ?? `check ${first?.check.name ?? ''} of ${target} fails: ${seen}`;
  return {
    target,
    message: message.slice(0, MESSAGE),
    lane: 'standard',
    labels: { ...given?.labels, monitor: monitor.name, check: first?.check.name ?? '' },
    causes: ill.map(({ check, count, reading }) => ({
      name: check.name,
      message: `${reading?.kind ?? 'probe'}: ${reading?.observed ?? 'no reading'} (${count.failures} in a row)`,
    })),
    source: { kind: 'monitor', name: monitor.name },
    probes: ill.map(({ check }) => probeOf(check, monitor.host)),
    host: monitor.host,
    detectedAt: new Date(now).toISOString(),
    ...(first?.reading === undefined
      ? {}
      : {
          occurredAt: firstFailure(first.check, first.reading.at, first.count.failures, now),
          ...waitLeft(first.reading, now),
        }),
    ...(type === undefined ? {} : { type }),
    ...(given?.code === undefined ? {} : { code: given.code }),
    ...(given?.severity === undefined ? {} : { severity: given.severity }),
    ...(given?.component === undefined ? {} : { component: given.component }),
  };
}

/** The lock key allows fewer characters at the ends of a name than a host may have. */
const hostTarget = (host: string): string => `host/${host.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'unnamed'}`;

/** A host whose worker takes no work: the nearest failure type there is says that it cannot be reached. Who starts
 * the recovery adds when it was seen last and what its checkpoints are. */
export function hostFailure({ monitor, host }: MonitorRecord, now: number): Failure {
  return {
    target: hostTarget(monitor.host),
    message: `host ${monitor.host} does not look after monitor ${monitor.name}: ${host.problem ?? 'its worker is away'}`,
    type: 'network',
    severity: 'HIGH',
    code: HOST_LOST,
    lane: 'standard',
    labels: { monitor: monitor.name, host: monitor.host },
    causes: [],
    source: { kind: 'monitor', name: monitor.name },
    probes: [],
    occurredAt: new Date(host.since).toISOString(),
    detectedAt: new Date(now).toISOString(),
  };
}
