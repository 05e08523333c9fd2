import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import { JsonSchema } from '../../domain/names.schema.ts';
import { digestFile } from '../../store/digest-file.ts';
import type { FileDigest } from '../../store/digest-file.ts';
import { namingProvider, providerFailed } from './provider-error.ts';
import type { CapturedState, CheckpointProvider, PlannedChange, ProviderKind, ProviderRegistry } from './provider.ts';

export type ProviderBlobName = `provider/${string}`;
export type ProviderStates = Record<string, { kind: ProviderKind; state: Json }>;

export interface CapturedProviders {
  system: ProviderStates;
  blobs: Record<ProviderBlobName, FileDigest & { file: string }>;
}

/** What a checkpoint holds of providers, and how its dumps are had as files. */
export interface StoredProviders {
  system: ProviderStates;
  /** Names of the dumps that the checkpoint holds. */
  blobs: readonly string[];
  /** Into a private directory, which goes when the work has ended. Called for the names in `blobs` only. */
  fetchBlob(name: ProviderBlobName): Promise<string>;
}

/** Names, or all that the checkpoint holds. */
export type ProviderSelection = readonly string[] | true;

/** A state travels in one part of the checkpoint with all others, and is shown to people. */
const STATE_BYTES = 4 * 1024 * 1024;

const blobName = (name: string): ProviderBlobName => `provider/${name}`;

/**
 * Captures the named providers one after the other, in the order given; their dumps stay below `directory`. All or
 * nothing: the first that fails ends it, and the dumps made so far are removed.
 */
export async function captureProviders(
  registry: ProviderRegistry,
  names: readonly string[],
  directory: string,
  signal?: AbortSignal,
  backup = false,
): Promise<CapturedProviders> {
  const chosen = [...new Set(names)].map((name) => registry.get(name));
  const captured: CapturedProviders = { system: {}, blobs: {} };
  try {
    for (const provider of chosen) {
      await namingProvider(provider, 'capture', () => captureOne(provider, { directory, signal, backup }, captured));
    }
    return captured;
  } catch (error) {
    for (const { name } of chosen) await rm(path.join(directory, name), { recursive: true, force: true });
    throw error;
  }
}

async function captureOne(
  provider: CheckpointProvider,
  { directory, signal, backup }: { directory: string; signal: AbortSignal | undefined; backup: boolean },
  captured: CapturedProviders,
): Promise<void> {
  signal?.throwIfAborted();
  const own = path.join(directory, provider.name);
  await mkdir(own, { mode: 0o700 });
  const { state, file } = await provider.capture({
    directory: own,
    ...(signal === undefined ? {} : { signal }),
    ...(backup ? { backup } : {}),
  });
  checkState(state);
  captured.system[provider.name] = { kind: provider.kind, state };
  if (file === undefined) return;
  if (path.dirname(path.resolve(file)) !== path.resolve(own) || !(await stat(file)).isFile()) {
    throw providerFailed(`its dump ${file} is no file in the directory it was given`, {
      remedy: 'Correct the provider: it has to write into the directory of the order.',
      nonRetryable: true,
    });
  }
  captured.blobs[blobName(provider.name)] = { file, ...(await digestFile(file)) };
}

function checkState(state: unknown): void {
  if (!JsonSchema.safeParse(state).success) {
    throw providerFailed('its state is not JSON', {
      remedy: 'Correct the provider: plain objects, lists, text, finite numbers, true, false and null only.',
      nonRetryable: true,
    });
  }
  const bytes = Buffer.byteLength(canonicalJson(state));
  if (bytes <= STATE_BYTES) return;
  throw providerFailed(`its state has ${bytes} bytes, ${STATE_BYTES} are allowed`, {
    remedy: 'Put large content into the dump file, and digests of it into the state.',
    nonRetryable: true,
  });
}

/** What a restore would change, by provider. Changes nothing. */
export async function planProviders(
  registry: ProviderRegistry,
  stored: StoredProviders,
  selection: ProviderSelection,
): Promise<Record<string, PlannedChange[]>> {
  const plans: Record<string, PlannedChange[]> = {};
  for (const provider of chooseStored(registry, stored, selection)) {
    plans[provider.name] = await namingProvider(provider, 'plan', async () =>
      provider.plan(await load(stored, provider)),
    );
  }
  return plans;
}

/**
 * Restores one after the other, in the order of the selection. All dumps are fetched before the first one begins. A
 * restore that fails says in `details.restored` which ones were done before it; the same again finishes the job.
 * Throws `invalid-input` when `true` would reach infrastructure.
 */
export async function restoreProviders(
  registry: ProviderRegistry,
  stored: StoredProviders,
  selection: ProviderSelection,
  signal?: AbortSignal,
): Promise<void> {
  const chosen = chooseStored(registry, stored, selection);
  refuseUnnamedInfrastructure(chosen, selection);
  const loaded: [CheckpointProvider, CapturedState][] = [];
  for (const provider of chosen) {
    loaded.push([provider, await namingProvider(provider, 'restore', () => load(stored, provider))]);
  }
  const restored: string[] = [];
  for (const [provider, captured] of loaded) {
    signal?.throwIfAborted();
    const order = { ...captured, ...(signal === undefined ? {} : { signal }) };
    await namingProvider(provider, 'restore', () => provider.restore(order), { restored: [...restored] });
    restored.push(provider.name);
  }
}

/** What differs from the checkpoint, by provider; providers without a difference have an empty list. */
export async function verifyProviders(
  registry: ProviderRegistry,
  stored: StoredProviders,
  selection: ProviderSelection,
): Promise<Record<string, string[]>> {
  const mismatches: Record<string, string[]> = {};
  for (const provider of chooseStored(registry, stored, selection)) {
    mismatches[provider.name] = await namingProvider(provider, 'verification', async () =>
      provider.verify(await load(stored, provider)),
    );
  }
  return mismatches;
}

function chooseStored(
  registry: ProviderRegistry,
  { system }: StoredProviders,
  selection: ProviderSelection,
): CheckpointProvider[] {
  const names = selection === true ? Object.keys(system) : [...new Set(selection)];
  return names.map((name) => {
    const provider = registry.get(name);
    const stored = Object.hasOwn(system, name) ? system[name] : undefined;
    if (stored?.kind === provider.kind) return provider;
    throw new RerailError(
      'invalid-input',
      stored === undefined
        ? `The checkpoint holds nothing of provider ${name}; it holds: ${Object.keys(system).join(', ') || 'none'}`
        : `Provider ${name} is of kind ${provider.kind}, the checkpoint holds a ${stored.kind} of that name`,
      { remedy: 'Name a provider that the checkpoint holds.', nonRetryable: true },
    );
  });
}

function refuseUnnamedInfrastructure(chosen: readonly CheckpointProvider[], selection: ProviderSelection): void {
  if (selection !== true) return;
  const names = chosen.filter(({ kind }) => kind === 'infrastructure').map(({ name }) => name);
  if (names.length === 0) return;
  throw new RerailError('invalid-input', `Infrastructure is restored only when it is named: ${names.join(', ')}`, {
    remedy: `Give the names of all providers to restore as a list, with or without ${names.join(', ')}.`,
    nonRetryable: true,
  });
}

async function load(stored: StoredProviders, { name }: CheckpointProvider): Promise<CapturedState> {
  const state = stored.system[name]?.state ?? null;
  const blob = blobName(name);
  return stored.blobs.includes(blob) ? { state, file: await stored.fetchBlob(blob) } : { state };
}
