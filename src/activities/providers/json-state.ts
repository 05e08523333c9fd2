import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/canonical-json.ts';
import type { CheckpointProvider, PlannedChange, ProviderKind } from './provider.ts';

export interface JsonProviderOptions {
  name: string;
  /** Default: `system`. */
  kind?: ProviderKind;
  /** For people: what the state is and where it lives. */
  description?: string;
  /** The present state, 4 MiB at most. It must stand still between two calls when nothing changes it. */
  capture(signal?: AbortSignal): Promise<Json>;
  /** Makes the present state the given one. It may be called again with the same. */
  restore(state: Json, signal?: AbortSignal): Promise<void>;
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** By key where both are objects, else as one item. */
function compareStates(captured: Json, present: Json): PlannedChange[] {
  if (canonicalJson(captured) === canonicalJson(present)) return [];
  if (!isObject(captured) || !isObject(present)) return [{ item: 'state', change: 'replace' }];
  return [...new Set([...Object.keys(captured), ...Object.keys(present)])].sort().flatMap((key) => {
    const item = `key ${JSON.stringify(key)}`;
    if (!Object.hasOwn(present, key)) return [{ item, change: 'create' }];
    if (!Object.hasOwn(captured, key)) return [{ item, change: 'delete' }];
    return canonicalJson(captured[key]) === canonicalJson(present[key]) ? [] : [{ item, change: 'replace' }];
  });
}

const DIFFERENCE: Record<string, string> = {
  create: 'is missing',
  delete: 'was not captured',
  replace: 'differs',
};

/** A provider made of two functions, for state that is JSON as it is: feature flags, a scale, a setting of a service. */
export function createJsonProvider(options: JsonProviderOptions): CheckpointProvider {
  const plan = async (captured: Json): Promise<PlannedChange[]> => compareStates(captured, await options.capture());
  return {
    name: options.name,
    kind: options.kind ?? 'system',
    describe: () => options.description ?? 'JSON state',
    capture: async ({ signal }) => ({ state: await options.capture(signal) }),
    plan: ({ state }) => plan(state),
    restore: ({ state, signal }) => options.restore(state, signal),
    verify: async ({ state }) => (await plan(state)).map(({ item, change }) => `${item} ${DIFFERENCE[change]}`),
  };
}
