import type { FailedOver, Host, HostRecord, HostWorker, MovedSubject } from './host.schema.ts';

export type {
  FailedOver,
  FailOverInput,
  Host,
  HostChangeInput,
  HostDetails,
  HostPoller,
  HostRecord,
  HostSpec,
  HostSubject,
  HostWorker,
  MovedSubject,
} from './host.schema.ts';

/** The code of a failure `host/<name>`: nobody does the host's work. */
export const HOST_LOST = 'host-lost';

/** A worker asks for work again after a minute at the latest; who has not asked for so long is gone. Milliseconds. */
export const SEEN_WITHIN_MS = 75_000;

/** How a host stands; one that is up or away may be drained or failed over besides. */
export const HOST_STANDINGS = ['up', 'away', 'drained', 'failed over'] as const;
export type HostStanding = (typeof HOST_STANDINGS)[number];

export const standingsOf = ({ state, drained, failedOver }: Host): HostStanding[] => [
  state,
  ...(drained ? (['drained'] as const) : []),
  ...(failedOver ? (['failed over'] as const) : []),
];

/** What happens to a host. The same again changes nothing more. */
export type HostChange = { by: string; reason: string } & (
  | { type: 'register'; worker: HostWorker }
  | { type: 'drain' }
  /** Takes work again, also after a failover. */
  | { type: 'undrain' }
  | { type: 'failOver'; failedOver: Omit<FailedOver, 'at'>; moved: MovedSubject[] }
  | { type: 'takeBack' }
  | { type: 'forget' }
);

export const HOST_CHANGES = [
  'register',
  'drain',
  'undrain',
  'failOver',
  'takeBack',
  'forget',
] as const satisfies readonly HostChange['type'][];

export interface HostState extends HostRecord {
  /** What the failover restores elsewhere. */
  moved: MovedSubject[];
  changes: { at: string; what: string; by: string; reason: string }[];
  forgotten: boolean;
}

export const newHostState = (): HostState => ({
  worker: null,
  drained: null,
  failedOver: null,
  moved: [],
  changes: [],
  forgotten: false,
});

const KEPT_CHANGES = 20;

const describeChange = (change: HostChange): string =>
  change.type === 'failOver'
    ? `failover to ${change.failedOver.to} ${change.failedOver.state}`
    : change.type === 'register'
      ? `worker ${change.worker.version} started`
      : { drain: 'drained', undrain: 'takes work again', takeBack: 'failover taken back', forget: 'forgotten' }[
          change.type
        ];

/** The state after a change. Pure: equal input, equal output. */
export function changeHost(before: HostState, change: HostChange, at: string): HostState {
  const { by, reason } = change;
  const changes = [...before.changes, { at, what: describeChange(change), by, reason }].slice(-KEPT_CHANGES);
  const state = { ...before, changes };
  switch (change.type) {
    case 'register':
      return { ...state, worker: change.worker };
    case 'drain':
      // Who drained it first, and why, stays.
      return { ...state, drained: before.drained ?? { at, by, reason } };
    case 'undrain':
      return { ...state, drained: null, failedOver: null, moved: [] };
    case 'failOver': {
      const begun = before.failedOver?.recovery === change.failedOver.recovery ? before.failedOver.at : at;
      return { ...state, failedOver: { ...change.failedOver, at: begun }, moved: change.moved };
    }
    case 'takeBack':
      return { ...state, failedOver: null, moved: [] };
    case 'forget':
      return { ...state, forgotten: true };
  }
}

/** The part that everybody sees without asking a worker. */
export const hostRecordOf = ({ worker, drained, failedOver }: HostRecord): HostRecord => ({
  worker,
  drained,
  failedOver,
});

export const NO_RECORD: HostRecord = { worker: null, drained: null, failedOver: null };

/** One line for people. */
export const describeFailover = (host: string, { to, at, state }: FailedOver): string =>
  `${host} was ${state === 'done' ? 'failed over' : 'being failed over'} to ${to} at ${at}`;

/** Of a timestamp as Temporal's API has it; 0 where it is missing. Milliseconds. */
export const timestampMs = (
  given: { seconds?: { toString: () => string } | null; nanos?: number | null } | null | undefined,
): number => Number(given?.seconds?.toString() ?? 0) * 1000 + (given?.nanos ?? 0) / 1e6;
