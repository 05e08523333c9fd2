import {
  probeOf,
  type CheckCount,
  type CheckCounts,
  type MonitorCheck,
  type WatchBeat,
  type WatchInput,
  type WatchResult,
} from '../../domain/monitor.ts';
import { probeKind, type Probe, type ProbeKind, type ProbeReading } from '../../domain/probe.ts';
import { countLook, isPlain, PLAIN, UNSEEN } from '../../resilience/check-count.ts';
import { dueAfter, firstDue } from './check-schedule.ts';

/**
 * Looks of one watch at the same time. Those that only wait for another side take next to nothing: targets that hang, each until its
 * time-out, do not keep the others from being looked at.
 */
const AT_ONCE = { here: 50, elsewhere: 500 };
const ELSEWHERE: ReadonlySet<ProbeKind> = new Set(['http', 'tcp', 'postgres', 'redis', 'queue', 'temporalTaskQueue']);
type Place = keyof typeof AT_ONCE;
const placeOf = ({ probe }: MonitorCheck): Place => (ELSEWHERE.has(probeKind(probe)) ? 'elsewhere' : 'here');
/** What turns together is told together. Milliseconds. */
const GATHER_MS = 200;
const BEAT_MS = 1000;
/** Without any news so many beats are left out. */
const QUIET_BEATS = 3;
/** Readings of checks that are well are handed over for so many. */
const SHOWN_READINGS = 100;

export interface WatchDeps {
  look: (probe: Probe) => Promise<ProbeReading>;
  heartbeat: (beat: WatchBeat) => void;
  /** Of the attempt before this one. */
  earlier: WatchBeat | undefined;
  /** Aborted: the watch ends with what it has. */
  signal: AbortSignal;
  /** Told of each look, for measurements. */
  onLook?: (look: { check: string; lateMs: number }) => void;
}

/** Looks of this process by what they look at: a watch that follows another one waits for its looks, and makes no second. */
const inFlight = new Map<string, Promise<ProbeReading>>();

function lookOnce(monitor: string, check: MonitorCheck, look: WatchDeps['look']): Promise<ProbeReading> {
  const probe = probeOf(check);
  const key = `${monitor}/${JSON.stringify(probe)}`;
  const before = inFlight.get(key);
  if (before) return before;
  const looking = look(probe).finally(() => inFlight.delete(key));
  inFlight.set(key, looking);
  return looking;
}

function openCounts({ counts, unseen }: CheckCounts, checks: readonly MonitorCheck[]): Map<string, CheckCount> {
  const none = new Set(unseen);
  return new Map(checks.map(({ name }) => [name, counts[name] ?? (none.has(name) ? UNSEEN : PLAIN)]));
}

function closeCounts(open: ReadonlyMap<string, CheckCount>): CheckCounts {
  const counts: Record<string, CheckCount> = {};
  const unseen: string[] = [];
  for (const [name, count] of open) {
    if (count.state === 'unknown' && count.failures === 0) unseen.push(name);
    else if (!isPlain(count)) counts[name] = count;
  }
  return { counts, unseen };
}

/**
 * Looks at all checks of a monitor, each in its own period and never twice at a time, until one of them turns healthy or
 * unhealthy, until what was asked for at once is done, until the time is over, or until it is called off. Never throws for what
 * a look finds.
 */
export async function watchHealth(input: WatchInput, deps: WatchDeps): Promise<WatchResult> {
  const { monitor, startedAt, watchMs } = input;
  const { signal, earlier } = deps;
  const baseline = openCounts(input.from, monitor.checks);
  const counts = openCounts(earlier ?? input.from, monitor.checks);
  const readings = new Map<string, ProbeReading>();
  const changed = new Set<string>();
  const asked = new Set(input.now.filter((name) => counts.has(name)));
  const timers = new Map<string, NodeJS.Timeout>();
  const waiting: Record<Place, { check: MonitorCheck; due: number }[]> = { here: [], elsewhere: [] };
  let unseen = [...counts.values()].filter(({ state }) => state === 'unknown').length;
  const running: Record<Place, number> = { here: 0, elsewhere: 0 };
  let ended = false;
  let dirty = false;
  let quiet = 0;
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  let gathering: NodeJS.Timeout | undefined;
  const tellSoon = (): void => {
    gathering ??= setTimeout(end, GATHER_MS);
  };

  const note = (name: string, state: CheckCount['state']): void => {
    const before = baseline.get(name)?.state;
    if (state === before) changed.delete(name);
    else changed.add(name);
    // That a check is well at the first look is news when all of them have been looked at.
    if (changed.has(name) && !(before === 'unknown' && state === 'healthy')) tellSoon();
  };

  async function perform(check: MonitorCheck, due: number): Promise<void> {
    const place = placeOf(check);
    running[place] += 1;
    deps.onLook?.({ check: check.name, lateMs: Date.now() - due });
    const reading = await lookOnce(monitor.name, check, deps.look);
    running[place] -= 1;
    if (ended) return;
    const before = counts.get(check.name) ?? UNSEEN;
    const after = countLook(before, reading.passed, check);
    counts.set(check.name, after);
    readings.set(check.name, reading);
    if (!isPlain(before) || !isPlain(after)) dirty = true;
    if (before.state === 'unknown' && after.state !== 'unknown') {
      unseen -= 1;
      if (unseen === 0) tellSoon();
    }
    note(check.name, after.state);
    if (asked.delete(check.name) && asked.size === 0) tellSoon();
    schedule(check, dueAfter(check, Math.max(Date.now(), due)));
    const next = waiting[place].shift();
    if (next) void perform(next.check, next.due);
  }
  function schedule(check: MonitorCheck, due: number): void {
    const begin = (): void => {
      const place = placeOf(check);
      if (running[place] < AT_ONCE[place]) void perform(check, due);
      else waiting[place].push({ check, due });
    };
    timers.set(check.name, setTimeout(begin, Math.max(0, due - Date.now())));
  }

  const now = Date.now();
  const since = Math.min(earlier?.since ?? input.since ?? now, now);
  for (const check of monitor.checks) {
    const count = counts.get(check.name) ?? UNSEEN;
    if (earlier) note(check.name, count.state);
    if (asked.has(check.name)) schedule(check, now);
    else if (count.state === 'unknown' && count.failures === 0) schedule(check, firstDue(check, startedAt));
    else schedule(check, dueAfter(check, since));
  }
  const beat = setInterval(() => {
    quiet += 1;
    if (!dirty && quiet < QUIET_BEATS) return;
    dirty = false;
    quiet = 0;
    deps.heartbeat({ ...closeCounts(counts), since: Date.now() });
  }, BEAT_MS);
  deps.heartbeat({ ...closeCounts(counts), since });
  const limit = setTimeout(end, watchMs);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    await over;
  } finally {
    ended = true;
    signal.removeEventListener('abort', end);
    clearInterval(beat);
    clearTimeout(limit);
    clearTimeout(gathering);
    for (const timer of timers.values()) clearTimeout(timer);
  }
  return {
    ...closeCounts(counts),
    readings: toTell(counts, readings, changed),
    endedAt: Date.now(),
    lookedNow: asked.size === 0,
  };
}

/** The ill and the turned first, and no more of the others than fit. */
function toTell(
  counts: ReadonlyMap<string, CheckCount>,
  readings: ReadonlyMap<string, ProbeReading>,
  changed: ReadonlySet<string>,
): ProbeReading[] {
  const isTold = ({ name }: ProbeReading): boolean => changed.has(name) || !isPlain(counts.get(name) ?? PLAIN);
  const all = [...readings.values()];
  const told = all.filter((reading) => isTold(reading) && !(reading.passed && all.length > SHOWN_READINGS));
  const rest = all.filter((reading) => !told.includes(reading));
  return [...told, ...rest.slice(0, Math.max(0, SHOWN_READINGS - told.length))];
}
