import { artifactStoreOf } from '../../store/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import type { Replica } from '../../store/replica/replica.ts';
import type { ScanLimits } from '../files/scan-tree.ts';
import { createProviderRegistry } from '../providers/provider.ts';
import type { ProviderRegistry } from '../providers/provider.ts';
import type { RecentCaptures } from './recent-captures.ts';

export interface CheckpointDependencies {
  openStore: () => Promise<CheckpointStore>;
  /** The store's directory: never captured itself, and the place of the restore journals. */
  storePath: string;
  host: string;
  dataDir: string;
  clock?: () => Date;
  heartbeat?: (details: unknown) => void;
  /** Of the activity that runs, when there is one; heeded up to the commit of a restore. */
  signal?: () => AbortSignal | undefined;
  limits?: ScanLimits;
  /** What may be captured beside files, by name. */
  providers?: ProviderRegistry | undefined;
  /** Where copies of checkpoints go, and come from when this store lacks one. */
  replica?: Replica | undefined;
  /** What the store may take, in bytes. Undefined: what the disk has. */
  quotaBytes?: number | undefined;
  /** Named places where tests kill the process. */
  failpoint?: (name: string) => void | Promise<void>;
}

export interface CheckpointContext {
  store: CheckpointStore;
  artifacts: ArtifactStore;
  storePath: string;
  host: string;
  dataDir: string;
  now: () => string;
  progress: (phase: string, details?: object) => void;
  recent: RecentCaptures;
  signal: AbortSignal | undefined;
  limits: ScanLimits | undefined;
  providers: ProviderRegistry;
  replica: Replica | undefined;
  quotaBytes: number | undefined;
  failpoint: (name: string) => void | Promise<void>;
}

const PULSE_MS = 1000;
const PROGRESS_EVERY_MS = 250;

/**
 * Runs the work of one activity. While it runs there is a heartbeat every second, also when git works alone for
 * minutes, and one for each progress, though not for each of ten thousand files.
 */
export async function withContext<T>(
  dependencies: CheckpointDependencies,
  recent: RecentCaptures,
  work: (context: CheckpointContext) => Promise<T>,
): Promise<T> {
  const { openStore, storePath, host, dataDir, heartbeat, limits } = dependencies;
  const clock = dependencies.clock ?? (() => new Date());
  let details: object = { phase: 'open' };
  let toldAt = 0;
  const progress = (phase: string, more: object = {}): void => {
    const isNews = !('phase' in details) || details.phase !== phase;
    details = { phase, ...more };
    if (!isNews && performance.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = performance.now();
    heartbeat?.(details);
  };
  const pulse = setInterval(() => heartbeat?.(details), PULSE_MS);
  try {
    return await work({
      store: await openStore(),
      artifacts: artifactStoreOf(dataDir),
      storePath,
      host,
      dataDir,
      now: () => clock().toISOString(),
      progress,
      recent,
      signal: dependencies.signal?.(),
      limits,
      providers: dependencies.providers ?? createProviderRegistry([]),
      replica: dependencies.replica,
      quotaBytes: dependencies.quotaBytes,
      failpoint: dependencies.failpoint ?? (() => undefined),
    });
  } finally {
    clearInterval(pulse);
  }
}
