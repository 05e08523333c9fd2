import { availableParallelism, cpus, loadavg } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { toMs, type Duration } from '../../domain/duration.ts';
import { judge, type LookAt, type LookOptions } from './look.ts';

const DEFAULT_MAX_PERCENT = 90;
const DEFAULT_MAX_DELAY_MS = 200;
/** A sample leaves so much of the time-out for the rest. */
const SHARE_OF_TIMEOUT = 0.8;

/** How much longer it took than it was to, in milliseconds. */
async function rest(sample: Duration, { timeoutMs, signal }: LookOptions): Promise<number> {
  const wanted = Math.min(toMs(sample), timeoutMs * SHARE_OF_TIMEOUT);
  const started = performance.now();
  await sleep(wanted, undefined, { signal });
  return Math.max(0, performance.now() - started - wanted);
}

function coreTimes(ignoreNice: boolean): { idle: number; total: number } {
  const sum = { idle: 0, total: 0 };
  for (const { times } of cpus()) {
    sum.idle += times.idle + (ignoreNice ? times.nice : 0);
    sum.total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return sum;
}

export const lookAtCpu: LookAt<'cpu'> = async (spec, options) => {
  const { maxLoadPerCore } = spec;
  const maxPercent = spec.maxPercent ?? (maxLoadPerCore === undefined ? DEFAULT_MAX_PERCENT : undefined);
  const load = (loadavg()[0] ?? 0) / availableParallelism();
  const limits = [
    ...(maxLoadPerCore === undefined ? [] : [{ what: 'load per core', value: load, unit: '', max: maxLoadPerCore }]),
  ];
  if (maxPercent !== undefined) {
    const before = coreTimes(spec.ignoreNice === true);
    await rest(spec.sample, options);
    const after = coreTimes(spec.ignoreNice === true);
    const total = after.total - before.total;
    const busy = total === 0 ? 0 : (1 - (after.idle - before.idle) / total) * 100;
    limits.unshift({ what: 'CPU', value: busy, unit: '%', max: maxPercent });
  }
  return judge(limits, 'performance');
};

export const lookAtEventLoop: LookAt<'eventLoop'> = async (spec, options) => {
  const { maxUtilizationPercent } = spec;
  const maxDelayMs = spec.maxDelayMs ?? (maxUtilizationPercent === undefined ? DEFAULT_MAX_DELAY_MS : undefined);
  const histogram = monitorEventLoopDelay({ resolution: 20 });
  const before = performance.eventLoopUtilization();
  histogram.enable();
  let late: number;
  try {
    late = await rest(spec.sample, options);
  } finally {
    histogram.disable();
  }
  const { utilization } = performance.eventLoopUtilization(before);
  // Without a single reading the loop was held up for the whole of the sample, or the sample was too short for one.
  const p99 = histogram.count === 0 ? late : histogram.percentile(99) / 1e6;
  return judge(
    [
      { what: 'event loop delay p99', value: p99, unit: 'ms', max: maxDelayMs },
      { what: 'utilisation', value: utilization * 100, unit: '%', max: maxUtilizationPercent },
    ],
    'performance',
  );
};
