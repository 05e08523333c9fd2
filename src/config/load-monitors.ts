import { stat } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { RerailError } from '../domain/errors.ts';
import { MonitorSchema, type MonitorDocument } from '../domain/monitor.schema.ts';
import { explainIssues, readYaml, type ParsedDocument } from './parse-yaml.ts';

export interface LoadedMonitor {
  definition: MonitorDocument;
  file: string;
}

function refuse(problem: string, remedy: string): never {
  throw new RerailError('monitor-invalid', problem, { remedy, nonRetryable: true });
}

/** Checks one definition. Throws `monitor-invalid` with line, column and field of every problem. */
export function checkMonitor(document: ParsedDocument): MonitorDocument {
  const parsed = MonitorSchema.safeParse(document.value);
  if (parsed.success) return parsed.data;
  return refuse(
    explainIssues(parsed.error.issues, document),
    'Correct the named fields; docs/reference/monitor.schema.json describes them all.',
  );
}

/** Reads the monitors of a file. Throws `monitor-invalid`, also where there is none. */
export async function loadMonitors(given: string): Promise<LoadedMonitor[]> {
  const file = path.resolve(given);
  const documents = (await readYaml(file, 'monitor-invalid')).filter(({ value }) => value !== null);
  if (documents.length === 0)
    refuse(`${file} is empty`, 'Write a document of kind Monitor; docs/guide/monitors.md has one.');
  return documents.map((document) => ({ definition: checkMonitor(document), file }));
}

/** Those of all files below a directory. Throws `monitor-invalid`, also for a name that is used twice. */
export async function loadMonitorsDir(folder: string): Promise<LoadedMonitor[]> {
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory())
    refuse(`${folder}: there is no such directory of monitors`, 'Create it or correct the setting monitorsDir.');
  const files = (await glob('**/*.{yaml,yml}', { cwd: folder, absolute: true })).sort();
  const loaded = (await Promise.all(files.map(loadMonitors))).flat();
  const seen = new Map<string, string>();
  for (const { definition, file } of loaded) {
    const { name } = definition.metadata;
    const other = seen.get(name);
    if (other !== undefined)
      refuse(`${file}: the name "${name}" is also used in ${other}`, 'Give one of them another name.');
    seen.set(name, file);
  }
  return loaded;
}
