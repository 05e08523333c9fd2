import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { codeOf, messageOf, RerailError } from '../domain/errors.ts';
import { PATH_SETTINGS, SETTING_NAMES } from './settings.ts';
import type { SettingName, Surroundings } from './settings.ts';

/** Where a value was written: shown by `config show`, and in the error when the value is refused. */
export interface SettingSource {
  kind: 'flag' | 'env' | 'file' | 'default';
  /** `--data-dir`, `RERAIL_DATA_DIR`, the path of the file, or `default`. */
  name: string;
}

export interface GivenSetting {
  value: unknown;
  source: SettingSource;
}

export type GivenSettings = Partial<Record<SettingName, GivenSetting>>;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const camel = (key: string): string => key.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());

export const flagOf = (name: SettingName): string => `--${kebab(name)}`;
export const variableOf = (name: SettingName): string => `RERAIL_${kebab(name).replaceAll('-', '_').toUpperCase()}`;

function absolute(path: unknown, base: string, home: string): unknown {
  if (typeof path !== 'string' || path === '') return path;
  return resolve(base, path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path);
}

function resolvePaths(name: SettingName, value: unknown, base: string, home: string): unknown {
  if (!PATH_SETTINGS.has(name)) return value;
  if (name === 'playbooksDir' && typeof value === 'string') return [absolute(value, base, home)];
  return Array.isArray(value) ? value.map((path) => absolute(path, base, home)) : absolute(value, base, home);
}

export function fromFlags(flags: Readonly<Record<string, unknown>>, { cwd, home }: Surroundings): GivenSettings {
  const given: GivenSettings = {};
  for (const name of SETTING_NAMES) {
    const value = flags[name];
    if (value === undefined) continue;
    given[name] = { value: resolvePaths(name, value, cwd, home), source: { kind: 'flag', name: flagOf(name) } };
  }
  return given;
}

export function fromEnvironment({ env, cwd, home }: Surroundings): GivenSettings {
  const given: GivenSettings = {};
  for (const name of SETTING_NAMES) {
    const variable = variableOf(name);
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const value = name === 'playbooksDir' ? text.split(delimiter).filter((part) => part !== '') : text;
    given[name] = { value: resolvePaths(name, value, cwd, home), source: { kind: 'env', name: variable } };
  }
  return given;
}

export const settingsFiles = ({ env, home, cwd }: Surroundings): string[] => [
  join(cwd, 'rerail.toml'),
  join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'rerail', 'rerail.toml'),
];

function parseFile(file: string, text: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    throw new RerailError('settings-invalid', `${file} is not valid TOML: ${messageOf(error)}`, {
      remedy: `Correct ${file}, or remove it.`,
      cause: error,
      nonRetryable: true,
    });
  }
}

/** `[replica] bucket` is the setting `replicaBucket`. */
function flatten(table: Record<string, unknown>): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isTable) return [[key, value]];
    return Object.entries(value).map(([name, nested]): [string, unknown] => [`${key}-${kebab(name)}`, nested]);
  });
}

async function fromFile(file: string, home: string): Promise<GivenSettings | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw new RerailError('settings-invalid', `${file} cannot be read: ${messageOf(error)}`, {
      remedy: 'Make the file readable, or remove it.',
      cause: error,
    });
  }
  const given: GivenSettings = {};
  for (const [key, value] of flatten(parseFile(file, text))) {
    const name = SETTING_NAMES.find((known) => known === camel(key));
    if (name === undefined) {
      throw new RerailError('settings-invalid', `${file} sets "${key}", which is not a setting`, {
        remedy: `Remove it; the settings are ${SETTING_NAMES.join(', ')}.`,
        nonRetryable: true,
      });
    }
    given[name] = { value: resolvePaths(name, value, dirname(file), home), source: { kind: 'file', name: file } };
  }
  return given;
}

/** The first file that exists, the working directory's before the user's; the two are not mixed. */
export async function fromFirstFile(surroundings: Surroundings): Promise<GivenSettings> {
  for (const file of settingsFiles(surroundings)) {
    const given = await fromFile(file, surroundings.home);
    if (given) return given;
  }
  return {};
}
