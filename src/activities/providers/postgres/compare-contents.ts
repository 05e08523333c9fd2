import type { PlannedChange } from '../provider.ts';
import type { PostgresContents } from './postgres-state.schema.ts';

export type RestoreMode = 'in-place' | 'new-database';

export interface CompareRules {
  mode: RestoreMode;
  /** In place, what was made after the capture is dropped too. */
  dropUnknown: boolean;
}

type Table = PostgresContents['tables'][string];

/** What a restore leaves alone or takes away, of what the capture did not have. */
export interface Unknown {
  tables: string[];
  sequences: string[];
  /** By kind and name. */
  objects: string[];
  largeObjects: string[];
}

/** These are part of a table or follow from it, and go with it. */
const OF_A_TABLE = /^(index|trigger|constraint|default) /;

export function findUnknown(captured: PostgresContents, present: PostgresContents): Unknown {
  const absent = (known: object) => (name: string) => !Object.hasOwn(known, name);
  const knownIds = captured.largeObjects.ids;
  return {
    tables: Object.keys(present.tables).filter(absent(captured.tables)),
    sequences: Object.keys(present.sequences).filter(absent(captured.sequences)),
    objects: Object.keys(present.objects)
      .filter(absent(captured.objects))
      .filter((name) => !OF_A_TABLE.test(name)),
    largeObjects: knownIds === null ? [] : (present.largeObjects.ids ?? []).filter((id) => !knownIds.includes(id)),
  };
}

/** An increment below zero counts downwards. */
function hasFallenShort(captured: { lastValue: string | null; increment: string }, present: string | null): boolean {
  if (captured.lastValue === null) return false;
  if (present === null) return true;
  const distance = BigInt(present) - BigInt(captured.lastValue);
  return captured.increment.startsWith('-') ? distance > 0n : distance < 0n;
}

function tableDifference(captured: Table, present: Table): string | undefined {
  if (captured.columns !== present.columns) return 'has other columns';
  if (captured.rows !== present.rows) return `has ${present.rows} rows, captured were ${captured.rows}`;
  if (captured.digest !== null && present.digest !== null && captured.digest !== present.digest) {
    return `has ${present.rows} rows as captured, but not the same`;
  }
  return undefined;
}

/** Whether a restore would bring nothing: every row was compared, definitions are the same, and nothing came later. */
export function isAsCaptured(captured: PostgresContents, present: PostgresContents): boolean {
  const isProven =
    Object.values(captured.tables).every(({ digest }) => digest !== null) &&
    (captured.largeObjects.count === 0 || captured.largeObjects.digest !== null);
  const differing = planChanges(captured, present, { mode: 'new-database', dropUnknown: false });
  // Sequences are set to the captured value or a later one.
  return (
    isProven &&
    differing.every(({ item }) => item.startsWith('sequence ') && Object.hasOwn(captured.sequences, item.slice(9))) &&
    findMismatches(captured, present, { mode: 'new-database', dropUnknown: false }).length === 0
  );
}

/**
 * What differs from the captured contents. Definitions are compared for functions only: PostgreSQL rewrites those of
 * views, constraints and indexes when they are made from their own text.
 */
export function findMismatches(captured: PostgresContents, present: PostgresContents, rules: CompareRules): string[] {
  const tables = Object.entries(captured.tables).flatMap(([name, table]) => {
    const found = present.tables[name];
    const difference = found === undefined ? 'is missing' : tableDifference(table, found);
    return difference === undefined ? [] : [`table ${name} ${difference}`];
  });
  const sequences = Object.entries(captured.sequences).flatMap(([name, sequence]) => {
    const found = present.sequences[name];
    if (found === undefined) return [`sequence ${name} is missing`];
    if (!hasFallenShort(sequence, found.lastValue)) return [];
    return [`sequence ${name} is at ${found.lastValue ?? 'its start'}, captured was ${sequence.lastValue}`];
  });
  const objects = Object.entries(captured.objects).flatMap(([name, digest]) => {
    const found = present.objects[name];
    if (found === undefined) return [`${name} is missing`];
    return name.startsWith('function ') && found !== digest ? [`${name} has another definition`] : [];
  });
  return [
    ...tables,
    ...sequences,
    ...objects,
    ...largeObjectMismatches(captured, present),
    ...unwanted(captured, present, rules),
  ];
}

function largeObjectMismatches(
  { largeObjects: captured }: PostgresContents,
  { largeObjects: present }: PostgresContents,
) {
  if (captured.ids === null || present.ids === null) {
    return captured.count > present.count ? [`${captured.count} large objects captured, ${present.count} found`] : [];
  }
  const missing = captured.ids.filter((id) => !present.ids?.includes(id)).map((id) => `large object ${id} is missing`);
  if (missing.length > 0 || captured.digest === null || present.digest === null) return missing;
  return captured.digest === present.digest ? [] : ['large objects have other content'];
}

/** In place, what came later may stay; where it had to go, it is a mismatch. */
function unwanted(captured: PostgresContents, present: PostgresContents, rules: CompareRules): string[] {
  if (rules.mode === 'in-place' && !rules.dropUnknown) return [];
  const { tables, sequences, objects, largeObjects } = findUnknown(captured, present);
  return [
    ...tables.map((name) => `table ${name}`),
    ...sequences.map((name) => `sequence ${name}`),
    ...objects,
    ...largeObjects.map((id) => `large object ${id}`),
  ].map((item) => `${item} was not captured`);
}

/** What a restore would change. Large tables that were only counted are named when they may differ. */
export function planChanges(
  captured: PostgresContents,
  present: PostgresContents,
  rules: CompareRules,
): PlannedChange[] {
  const tables = Object.entries(captured.tables).flatMap(([name, table]): PlannedChange[] => {
    const item = `table ${name}`;
    const found = present.tables[name];
    if (found === undefined) return [{ item, change: `create with ${table.rows} rows` }];
    if (tableDifference(table, found) !== undefined) {
      return [{ item, change: `replace ${found.rows} rows with ${table.rows}` }];
    }
    const isCounted = table.digest === null || found.digest === null;
    return isCounted ? [{ item, change: `replace ${found.rows} rows with as many, which were not compared` }] : [];
  });
  const sequences = Object.entries(captured.sequences).flatMap(([name, { lastValue }]): PlannedChange[] => {
    const item = `sequence ${name}`;
    const found = present.sequences[name];
    if (found === undefined) return [{ item, change: 'create' }];
    if (found.lastValue === lastValue) return [];
    return [{ item, change: `set from ${found.lastValue ?? 'its start'} to ${lastValue ?? 'its start'} or later` }];
  });
  const objects = Object.entries(captured.objects).flatMap(([item, digest]): PlannedChange[] => {
    const found = present.objects[item];
    if (found === undefined) return [{ item, change: 'create' }];
    return found === digest ? [] : [{ item, change: 'replace its definition' }];
  });
  const lost = Object.keys(present.objects)
    .filter((item) => OF_A_TABLE.test(item) && !Object.hasOwn(captured.objects, item))
    .map((item) => ({ item, change: 'drop, unless it is of a table that stays' }));
  const large = largeObjectMismatches(captured, present).map((change) => ({
    item: 'large objects',
    change: `put back: ${change}`,
  }));
  return [
    ...tables,
    ...sequences,
    ...objects,
    ...lost,
    ...large,
    ...planUnknown(findUnknown(captured, present), rules),
  ];
}

function planUnknown({ tables, sequences, objects, largeObjects }: Unknown, rules: CompareRules): PlannedChange[] {
  const inPlace = rules.dropUnknown ? 'drop: it was made after the capture' : 'keep: it was made after the capture';
  const change = rules.mode === 'new-database' ? 'leave behind in the old database' : inPlace;
  return [
    ...tables.map((name) => `table ${name}`),
    ...sequences.map((name) => `sequence ${name}`),
    ...objects,
    ...largeObjects.map((id) => `large object ${id}`),
  ].map((item) => ({ item, change }));
}
