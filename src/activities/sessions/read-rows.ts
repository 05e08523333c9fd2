const FIELD = '\x1f';
const RECORD = '\x1e';

/** A format for `-F` whose fields `readRows` reads back; the last field may hold anything but the record's end. */
export const rowFormat = (fields: readonly string[]): string =>
  fields.map((field) => `#{${field}}`).join(FIELD) + RECORD;

/** Newer versions of tmux print control characters as octal. */
const unescaped = (stdout: string): string =>
  stdout.includes(RECORD) ? stdout : stdout.replaceAll('\\037', FIELD).replaceAll('\\036', RECORD);

/** One record of named fields for each line. Throws when tmux has printed something else. */
export function readRows<Field extends string>(stdout: string, fields: readonly Field[]): Record<Field, string>[] {
  const records = unescaped(stdout).split(`${RECORD}\n`);
  const rest = records.pop();
  if (rest !== '')
    throw new Error(`tmux printed ${JSON.stringify((rest ?? '').slice(0, 80))} in the place of a record`);
  return records.map((record) => {
    const values = record.split(FIELD);
    if (values.length < fields.length) throw new Error(`tmux printed ${values.length} fields of ${fields.length}`);
    const last = values.splice(fields.length - 1).join(FIELD);
    return Object.fromEntries([...values, last].map((value, index) => [fields[index], value])) as Record<Field, string>;
  });
}
