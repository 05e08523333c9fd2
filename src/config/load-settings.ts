import { homedir } from 'node:os';
import { RerailError } from '../domain/errors.ts';
import { fromEnvironment, fromFirstFile, fromFlags } from './setting-sources.ts';
import type { GivenSettings, SettingSource } from './setting-sources.ts';
import { defaultSettings, SETTING_NAMES, SettingsSchema } from './settings.ts';
import type { SettingName, Settings, Surroundings } from './settings.ts';

export interface LoadedSettings {
  settings: Settings;
  /** Where each value comes from; absent for settings that have none. */
  sources: Partial<Record<SettingName, SettingSource>>;
}

export interface LoadSettingsOptions extends Partial<Surroundings> {
  /** Options of the command line by setting name; undefined ones count as not given. */
  flags?: Readonly<Record<string, unknown>>;
}

function withDefaults(given: GivenSettings, surroundings: Surroundings): GivenSettings {
  const source: SettingSource = { kind: 'default', name: 'default' };
  const defaults = Object.entries(defaultSettings(surroundings)).map(([name, value]) => [name, { value, source }]);
  return { ...(Object.fromEntries(defaults) as GivenSettings), ...given };
}

function refuse(given: GivenSettings, issues: readonly { path: PropertyKey[]; message: string }[]): RerailError {
  const lines = issues.map(({ path, message }) => {
    const setting = given[path[0] as SettingName];
    return `${String(path[0])} is ${JSON.stringify(setting?.value)} (${setting?.source.name ?? 'unknown'}): ${message}`;
  });
  const sources = [...new Set(issues.map(({ path }) => given[path[0] as SettingName]?.source.name))];
  return new RerailError('settings-invalid', `settings are not valid: ${lines.join('; ')}`, {
    remedy: `Correct ${sources.join(' and ')}; \`rerail config show\` lists every setting and its source.`,
    nonRetryable: true,
  });
}

/** Flag over environment over file over default. */
export async function loadSettings(options: LoadSettingsOptions = {}): Promise<LoadedSettings> {
  const env = options.env ?? process.env;
  const surroundings = { env, home: options.home ?? (env['HOME'] || homedir()), cwd: options.cwd ?? process.cwd() };
  const given = withDefaults(
    {
      ...(await fromFirstFile(surroundings)),
      ...fromEnvironment(surroundings),
      ...fromFlags(options.flags ?? {}, surroundings),
    },
    surroundings,
  );
  const values = Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
  const parsed = SettingsSchema.safeParse(values);
  if (!parsed.success) throw refuse(given, parsed.error.issues);
  const sources = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => (given[name] ? [[name, given[name].source]] : [])),
  ) as LoadedSettings['sources'];
  return { settings: parsed.data, sources };
}
