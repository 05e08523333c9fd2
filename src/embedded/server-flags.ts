import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

export interface ServerFlags {
  port: number;
  /** Undefined: no UI. */
  uiPort?: number;
  /** Undefined: in memory. */
  dbFile?: string;
  /** Of the server's own metrics in Prometheus' form. Undefined: none. */
  metricsPort?: number;
}

/**
 * The development server polls each of its queues at most 20 times a second, so that every dispatch waits for a
 * 50 ms tick; raised, a workflow of three activities takes 105 ms instead of 350 ms.
 */
const DYNAMIC_CONFIG: Readonly<Record<string, number | boolean | string>> = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.transferProcessorMaxPollHostRPS': 4000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollHostRPS': 4000,
  // Timers of a cluster may fire up to 1 s late, for clocks that differ; here there is one clock.
  'history.timerProcessorMaxTimeShift': '10ms',
  'history.visibilityProcessorMaxPollRPS': 500,
  'history.visibilityProcessorMaxPollHostRPS': 1000,
  // By default it keeps one query waiting for a workflow that is at work; clients try the others again after a second or more.
  'history.maxBufferedQueryCount': 50,
  'system.enableEagerWorkflowStart': true,
  'system.enableActivityEagerExecution': true,
};

/** Seven workflows a second in SQLite's default journal mode, twenty with these, as many as in memory. */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'];

export const LOOPBACK = '127.0.0.1';

export function serverArguments({ port, uiPort, dbFile, metricsPort }: ServerFlags): string[] {
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port)],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(metricsPort === undefined ? [] : ['--metrics-port', String(metricsPort)]),
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...(dbFile === undefined ? [] : SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma])),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...['--log-format', 'json', '--log-level', 'warn'],
    // The user's own temporal.toml and TEMPORAL_* are about clients; they must not reach this server.
    ...['--disable-config-env', '--disable-config-file'],
  ];
}
