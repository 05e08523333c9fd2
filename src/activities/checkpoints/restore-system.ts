import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { JsonSchema } from '../../domain/names.schema.ts';
import type { RestoreOptions, RestorePlan } from '../../domain/rollback.ts';
import { planProviders, restoreProviders, verifyProviders } from '../providers/carry-providers.ts';
import type { ProviderSelection, StoredProviders } from '../providers/carry-providers.ts';
import { withCaptureDirectory } from './capture-directory.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import type { Prepared } from './prepare-restore.ts';

const SystemSchema = z.record(
  z.string(),
  z.object({ kind: z.enum(['database', 'cache', 'system', 'session', 'infrastructure']), state: JsonSchema }),
);
/** A plan is for people, and travels in Temporal's history. */
const LISTED = 500;

/** A part of a restore that is left alone unless it is asked for by name. */
export interface SystemRestore {
  /** Names of the providers whose present state a backup has to keep. */
  names: string[];
  plan(): Promise<NonNullable<RestorePlan['system']>>;
  apply(): Promise<void>;
  /** One line for each difference that is left. */
  verify(): Promise<string[]>;
}

const selectionOf = ({ parts, scope }: RestoreOptions): ProviderSelection | undefined =>
  scope?.system ?? (parts?.includes('system') === true ? true : undefined);

/** Undefined when no provider's state is to be restored. */
export async function prepareSystem(
  context: CheckpointContext,
  { input, manifest, lost }: Prepared,
): Promise<SystemRestore | undefined> {
  const selection = selectionOf(input.options);
  if (selection === undefined || lost.has('part system')) return undefined;
  const { providers, store, signal, dataDir } = context;
  const system = SystemSchema.parse('system' in manifest.parts ? await store.part(input.checkpointId, 'system') : {});
  const blobs = manifest.blobs ?? {};
  const within = <T>(work: (stored: StoredProviders) => Promise<T>): Promise<T> =>
    withCaptureDirectory(dataDir, (directory) =>
      work({
        system,
        blobs: Object.keys(blobs),
        async fetchBlob(name) {
          const file = join(directory, name.replace('/', '-'));
          const digest = blobs[name]?.sha256 ?? '';
          await store.readContent(input.checkpointId, [digest], async (_digest, content) =>
            pipeline(Readable.from(content, { objectMode: false }), createWriteStream(file, { mode: 0o600 })),
          );
          return file;
        },
      }),
    );
  return {
    names: selection === true ? Object.keys(system) : [...selection],
    plan: () =>
      within(async (stored) => {
        const plans = await planProviders(providers, stored, selection);
        const items = Object.entries(plans).flatMap(([provider, changes]) =>
          changes.map(({ item, change }) => ({ provider, item, change })),
        );
        return items.slice(0, LISTED);
      }),
    apply: () => within((stored) => restoreProviders(providers, stored, selection, signal)),
    verify: () =>
      within(async (stored) =>
        Object.entries(await verifyProviders(providers, stored, selection)).flatMap(([provider, mismatches]) =>
          mismatches.map((mismatch) => `${provider}: ${mismatch}`),
        ),
      ),
  };
}
