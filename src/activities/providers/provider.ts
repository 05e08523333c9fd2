import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';

export type ProviderKind = 'database' | 'cache' | 'system' | 'session' | 'infrastructure';

export interface ProviderCapture {
  /**
   * Small: versions, counts, digests of each table or prefix, and whether all of it is one point in time. It comes back
   * from a checkpoint as it went in, and is parsed again before it is used.
   */
  state: Json;
  /** Where the dump was written: below the directory of the order. */
  file?: string;
}

export interface CapturedState {
  state: Json;
  /** The dump as it was captured, to be read only, in a private directory: a restore may put files of its own beside it. */
  file?: string;
}

export interface PlannedChange {
  /** `table public.orders`, `key "cart:17"`. */
  item: string;
  /** What a restore does to it, such as `replace 12 rows with 10`. */
  change: string;
}

/**
 * A piece of the system's state beyond files that a checkpoint holds and a rollback puts back.
 *
 * Every method ends within bounded time or heeds the signal; its errors name the thing, and never a secret.
 */
export interface CheckpointProvider {
  /** Letters, digits, dot, dash and underscore, 64 at most. The dump's name in a checkpoint is `provider/<name>`. */
  readonly name: string;
  /** A restore of `infrastructure` has to name it; the word for "all" does not reach it. */
  readonly kind: ProviderKind;
  /** For people: what it is and where. No secrets. */
  describe(): string;
  /**
   * `directory` is private to this capture, with mode 0700, and removed after it. A `backup` is of what is about to change:
   * a thing that is not there is captured as absent.
   */
  capture(order: { directory: string; signal?: AbortSignal; backup?: true }): Promise<ProviderCapture>;
  /** What a restore would change at present. Changes nothing; an empty list says that nothing differs. */
  plan(captured: CapturedState): Promise<PlannedChange[]>;
  /** May be repeated: the same again ends in the same state. */
  restore(captured: CapturedState & { signal?: AbortSignal }): Promise<void>;
  /** What differs from the captured state, looked at for real. Empty when nothing does. */
  verify(captured: CapturedState): Promise<string[]>;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export interface ProviderRegistry {
  readonly names: readonly string[];
  /** Throws `invalid-input` that lists the known ones. */
  get(name: string): CheckpointProvider;
}

function refuse(message: string, remedy: string): RerailError {
  return new RerailError('invalid-input', message, { remedy, nonRetryable: true });
}

/** Throws `invalid-input` for a name that is taken twice or cannot be a name. */
export function createProviderRegistry(
  providers: readonly CheckpointProvider[],
  /** Those that need not be registered. */
  builtIn: (name: string) => CheckpointProvider | undefined = () => undefined,
): ProviderRegistry {
  const byName = new Map<string, CheckpointProvider>();
  for (const provider of providers) {
    if (!NAME.test(provider.name)) {
      throw refuse(
        `The provider name ${JSON.stringify(provider.name)} is not valid`,
        'Use up to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit.',
      );
    }
    if (byName.has(provider.name)) {
      throw refuse(`There are two providers named ${provider.name}`, 'Give each provider a name of its own.');
    }
    byName.set(provider.name, provider);
  }
  const names = [...byName.keys()];
  return {
    names,
    get(name) {
      const provider = byName.get(name) ?? builtIn(name);
      if (provider) return provider;
      throw refuse(
        `There is no provider named ${JSON.stringify(name)}; known are: ${names.join(', ') || 'none'}`,
        'Correct the name, or register the provider where the worker is started.',
      );
    },
  };
}
