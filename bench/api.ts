// The HTTP API as its own process beside a worker in this one: what a list of 10,000 recoveries costs, and how it bears many
// listeners and requests at once.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRecoveryClient, type RecoveryClient } from '../src/client/recovery-client.ts';
import { atMost, type Bar } from './bar.ts';
import { drive } from './drive.ts';
import { liveMiB, residentMiB, TELLS_LIVE_MEMORY } from './resident.ts';
import { summarise, type Summary } from './measure.ts';
import { inBenchWorld, type BenchWorld } from './world.ts';

/** An answer is kept for those who ask the same within 250 ms; after this long it is looked up anew. */
const PAST_SHARING_MS = 300;

const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

interface Size {
  recoveries: number;
  pages: number;
  listeners: number;
  perSecond: number;
  /** Not counted. */
  warmUpSeconds: number;
  seconds: number;
}

const WHOLE: Size = { recoveries: 10_000, pages: 30, listeners: 200, perSecond: 100, warmUpSeconds: 15, seconds: 60 };
const QUICK: Size = { recoveries: 200, pages: 5, listeners: 20, perSecond: 20, warmUpSeconds: 1, seconds: 5 };

export interface ApiResult {
  bench: 'api';
  size: Size;
  firstPageMs: Summary;
  countsMs: Summary;
  underLoadMs: Summary;
  byRoute: Record<string, Summary>;
  errors: Record<string, number>;
  /** All listeners come at once; then the requests begin. */
  streams: { opened: number; allOpenMs: number; brokenOff: number; events: number };
  /** In use after a collection, warmed up and a time of load later; and the most that was resident, looked at once a second. */
  memoryMiB: { live: number; liveAfterLoad: number; mostResident: number };
  bars: Bar[];
}

/** `rerail serve` on the world's server, without tokens and with no limit of requests. */
async function serve({ address, dataDir, taskQueue }: BenchWorld): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(MAIN, ['-o', 'jsonl', 'serve', '--api-port', '0'], {
    execArgv: TELLS_LIVE_MEMORY,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      RERAIL_ADDRESS: address,
      RERAIL_DATA_DIR: dataDir,
      RERAIL_TASK_QUEUE: taskQueue,
      RERAIL_API_RATE_LIMIT: '1000000',
      RERAIL_LOG_LEVEL: 'error',
    },
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, url: (JSON.parse(line.toString()) as { address: string }).address };
}

const memoryOf = ({ pid }: ChildProcess): number => Math.round(residentMiB(pid ?? Number.NaN));

/** Open ones, on a queue that nobody polls: they stay in the list and cost nothing else. */
async function fill({ client }: BenchWorld, count: number): Promise<void> {
  const silent = createRecoveryClient({ client, taskQueue: 'bench-silent' });
  let made = 0;
  await drive(count, 32, () => {
    return silent.start({ target: `many/${made++}`, message: 'one of many' });
  });
  for (let seen = 0; seen < count; await delay(500)) seen = (await silent.countRecoveries()).total;
}

async function timed(url: string): Promise<number> {
  const started = performance.now();
  const answer = await fetch(url, { signal: AbortSignal.timeout(15_000) });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${answer.status}`);
  return performance.now() - started;
}

/** Listens until it is stopped, and counts what came and whether the server broke off. */
async function listen(url: string, stop: AbortSignal, tally: ApiResult['streams']): Promise<void> {
  try {
    const { body, ok } = await fetch(url, { signal: stop });
    if (!ok || !body) throw new Error('no stream');
    tally.opened += 1;
    for await (const chunk of body)
      tally.events +=
        Buffer.from(chunk as Uint8Array)
          .toString()
          .split('\n\n').length - 1;
    tally.brokenOff += 1;
  } catch {
    if (!stop.aborted) tally.brokenOff += 1;
  }
}

const liveFailure = (index: number) => ({
  target: `bench/live-${index}`,
  message: 'again',
  operation: { kind: 'activity' as const, name: 'noop' },
});

/** Recoveries that begin and end all the time, so that there is something to tell. */
async function keepRecovering(recoveries: RecoveryClient, stop: AbortSignal): Promise<void> {
  for (let round = 0; !stop.aborted; round++) {
    await (await recoveries.start(liveFailure(round % 5))).handle.result();
    await delay(500);
  }
}

async function underLoad(url: string, size: Size, result: ApiResult, child: ChildProcess, world: BenchWorld) {
  const stop = new AbortController();
  const recoveries = createRecoveryClient({ client: world.client, taskQueue: world.taskQueue });
  // The built-in playbook of this category waits for a person: a stream that stays open.
  const { handle } = await recoveries.start({ target: 'waits/one', message: 'bad settings', category: 'VALIDATION' });
  while ((await handle.status()).status === 'planning') await delay(50);
  const one = encodeURIComponent(handle.workflowId);
  const opening = performance.now();
  const streams = Array.from({ length: size.listeners }, (_, index) =>
    listen(index % 2 ? `${url}/api/v1/events` : `${url}/api/v1/recoveries/${one}/events`, stop.signal, result.streams),
  );
  const living = keepRecovering(recoveries, stop.signal);
  while (result.streams.opened + result.streams.brokenOff < size.listeners) await delay(10);
  result.streams.allOpenMs = Math.round(performance.now() - opening);
  // No two lists within a half second are the same, so that each is looked up.
  const asked: [string, (index: number) => string][] = [
    ['list', (index) => `/api/v1/recoveries?limit=${20 + (index % 60)}`],
    ['counts', () => '/api/v1/recoveries/counts'],
    ['one', () => `/api/v1/recoveries/${one}`],
    ['health', () => '/healthz'],
  ];
  const { memoryMiB } = result;
  const ask = async (seconds: number): Promise<Record<string, number[]>> => {
    const ms: Record<string, number[]> = Object.fromEntries(asked.map(([name]) => [name, []]));
    const pending: Promise<void>[] = [];
    const started = performance.now();
    for (let index = 0; index < size.perSecond * seconds; index++) {
      const due = started + (index * 1000) / size.perSecond;
      if (due > performance.now()) await delay(due - performance.now());
      if (index % size.perSecond === 0) memoryMiB.mostResident = Math.max(memoryMiB.mostResident, memoryOf(child));
      const [name, path] = asked[index % asked.length]!;
      const request = timed(url + path(index)).then(
        (took) => void ms[name]?.push(took),
        (error: Error) => void (result.errors[error.message] = (result.errors[error.message] ?? 0) + 1),
      );
      pending.push(request);
    }
    await Promise.all(pending);
    return ms;
  };
  await ask(size.warmUpSeconds);
  memoryMiB.live = await liveMiB(child);
  const ms = await ask(size.seconds);
  memoryMiB.liveAfterLoad = await liveMiB(child);
  stop.abort();
  await Promise.all([...streams, living]);
  result.underLoadMs = summarise(Object.values(ms).flat());
  result.byRoute = Object.fromEntries(Object.entries(ms).map(([name, took]) => [name, summarise(took)]));
}

export const measureApi = ({ quick = false }: { quick?: boolean } = {}): Promise<ApiResult> =>
  inBenchWorld(async (world) => {
    const size = quick ? QUICK : WHOLE;
    const say = (what: string): void => void process.stderr.write(`${what}\n`);
    say(`${size.recoveries} recoveries are started`);
    await fill(world, size.recoveries);
    const { child, url } = await serve(world);
    try {
      const repeat = async (path: string): Promise<Summary> => {
        const ms: number[] = [];
        for (let page = 0; page < size.pages; page++) {
          await delay(PAST_SHARING_MS);
          ms.push(await timed(url + path));
        }
        return summarise(ms);
      };
      const result: ApiResult = {
        bench: 'api',
        size,
        firstPageMs: await repeat('/api/v1/recoveries?limit=50'),
        countsMs: await repeat('/api/v1/recoveries/counts'),
        underLoadMs: summarise([]),
        byRoute: {},
        errors: {},
        streams: { opened: 0, allOpenMs: 0, brokenOff: 0, events: 0 },
        memoryMiB: { live: 0, liveAfterLoad: 0, mostResident: 0 },
        bars: [],
      };
      say(`${size.listeners} listeners, ${size.perSecond} requests a second for ${size.seconds} s`);
      await underLoad(url, size, result, child, world);
      const failed = Object.values(result.errors).reduce((sum, count) => sum + count, 0);
      const { streams, memoryMiB } = result;
      result.bars = [
        atMost('first page of the list, p99', result.firstPageMs.p99, 300),
        atMost('requests beside the streams, p99', result.underLoadMs.p99, 250),
        atMost('requests that failed', failed, 0, ''),
        atMost('streams that broke off or never opened', size.listeners - streams.opened + streams.brokenOff, 0, ''),
        atMost('memory in use gained in that time', memoryMiB.liveAfterLoad - memoryMiB.live, 10, 'MiB'),
      ];
      return result;
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
