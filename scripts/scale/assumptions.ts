export interface Assumption {
  /** Of the command line. */
  flag: string;
  what: string;
  value: number;
  unit: string;
}

/** What nobody can measure for you, and what was not measured here. Each is an option of `npm run scaling`. */
const DEFAULTS = {
  recoveriesPerDay: { what: 'recoveries', value: 1_000_000, unit: 'a day' },
  actions: { what: 'actions of a recovery', value: 3, unit: '' },
  peak: { what: 'busiest second, of the mean one', value: 3, unit: 'x' },
  approvals: { what: 'share of recoveries that wait for an approval', value: 0.05, unit: '' },
  openSeconds: { what: 'a recovery is open, without waiting for people', value: 60, unit: 's' },
  waitSeconds: { what: 'an approval is waited for', value: 900, unit: 's' },
  activitySeconds: { what: 'an activity takes', value: 5, unit: 's' },
  retentionDays: { what: 'closed recoveries are kept', value: 30, unit: 'days' },
  hosts: { what: 'hosts with a worker', value: 1000, unit: '' },
  monitors: { what: 'monitors of twenty checks', value: 1000, unit: '' },
  breakers: { what: 'breakers that are in use all day', value: 20, unit: '' },
  workers: { what: 'shared workers that use such a breaker', value: 10, unit: '' },
  checkpoints: { what: 'share of recoveries that make a checkpoint', value: 0.2, unit: '' },
  checkpointMB: { what: 'new content of a checkpoint', value: 5, unit: 'MB' },
  writeMs: { what: 'one write of the database takes', value: 5, unit: 'ms' },
  busy: { what: 'share of a shard, a core or a slot that is planned for', value: 0.5, unit: '' },
  partitionTasks: { what: 'tasks that one partition of a queue hands over', value: 100, unit: '/s' },
} as const;

export type AssumptionName = keyof typeof DEFAULTS;
export type Assumptions = Record<AssumptionName, number>;

const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`)}`;

export const ASSUMPTIONS: readonly (Assumption & { name: AssumptionName })[] = Object.entries(DEFAULTS).map(
  ([name, rest]) => ({ name: name as AssumptionName, flag: flagOf(name), ...rest }),
);

export const defaultAssumptions = (): Assumptions =>
  Object.fromEntries(ASSUMPTIONS.map(({ name, value }) => [name, value])) as Assumptions;

/** Throws where a value is not a number above zero. */
export function assumptionsOf(given: Record<string, string | boolean | undefined>): Assumptions {
  const assumed = defaultAssumptions();
  for (const { name, flag } of ASSUMPTIONS) {
    const text = given[flag.slice(2)];
    if (text === undefined) continue;
    const value = Number(text);
    if (typeof text !== 'string' || !(value > 0))
      throw new Error(`${flag} takes a number above 0, not ${String(text)}`);
    assumed[name] = value;
  }
  return assumed;
}
