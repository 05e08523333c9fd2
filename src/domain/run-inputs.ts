import type { Json } from './canonical-json.ts';
import { RerailError } from './errors.ts';
import type { Pipeline } from './pipeline.ts';

const refuse = (message: string, remedy: string): RerailError =>
  new RerailError('invalid-input', message, { remedy, nonRetryable: true });

const fits = (type: string, value: Json): boolean => type === 'json' || typeof value === type;

/** What a run is given, with defaults filled in. Throws `invalid-input` for what is missing, unknown or of another type. */
export function completeInputs(pipeline: Pipeline, given: Record<string, Json> = {}): Record<string, Json> {
  const declared = pipeline.spec.inputs ?? {};
  const names = Object.keys(declared);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.length === 0 ? 'none' : names.join(', ');
    throw refuse(`pipeline ${pipeline.metadata.name} has no input "${unknown}"`, `It declares ${known}.`);
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, { type, default: fallback }]) => {
      const value = given[name] ?? fallback;
      if (value === undefined) throw refuse(`input "${name}" is missing`, `Give it with --input ${name}=VALUE.`);
      if (!fits(type, value)) throw refuse(`input "${name}" must be a ${type}`, `Give it with --input ${name}=VALUE.`);
      return [name, value];
    }),
  );
}
