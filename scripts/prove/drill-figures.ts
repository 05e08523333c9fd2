import { z } from 'zod';
import { DrillReportSchema } from '../../src/domain/drill.schema.ts';
import { toMs, type Duration } from '../../src/domain/duration.ts';
import { showMs, type Reading } from './figures.ts';

const DrillSchema = z.object({
  name: z.string(),
  verdict: z.string(),
  healthy: z.boolean().optional(),
  objectives: z.object({ rto: z.string(), rpo: z.string().optional(), itemsLost: z.number() }),
  recovery: z
    .object({
      playbook: z.string().optional(),
      actions: z.array(z.object({ type: z.string(), status: z.string(), durationMs: z.number() })).default([]),
    })
    .optional(),
  items: z.object({ count: z.number(), lost: z.array(z.string()) }),
  times: DrillReportSchema.shape.times,
  durations: DrillReportSchema.shape.durations,
  undone: DrillReportSchema.shape.undone,
});
export type Drilled = z.infer<typeof DrillSchema>;

const LeftSchema = z.object({ leftovers: z.array(z.string()) });
const OutputSchema = z.array(z.union([LeftSchema, DrillSchema]));

export const drilled = (output: unknown): Drilled[] =>
  OutputSchema.parse(output).flatMap((one) => ('leftovers' in one ? [] : [one]));

/** Of drills; each has to have passed. Nothing where none of them was run. */
export const drillTimes =
  (limitMs: number, wanted: (drill: Drilled) => boolean) =>
  (output: unknown): Reading | undefined => {
    const found = drilled(output).filter(wanted);
    if (found.length === 0) return undefined;
    const times = found.flatMap(({ durations }) => durations.ttrMs ?? []);
    const bad = found.filter(({ verdict }) => verdict !== 'passed').map(({ name, verdict }) => `${name} ${verdict}`);
    const slowest = times.length === 0 ? 'none recovered' : `slowest ${showMs(Math.max(...times))}`;
    return {
      figure: [slowest, ...bad].join('; '),
      n: found.length,
      holds: bad.length === 0 && times.every((ms) => ms < limitMs),
    };
  };

export const byPlaybook =
  (name: string) =>
  ({ recovery, name: drill }: Drilled): boolean =>
    recovery?.playbook === name || drill === name;
export const byName =
  (name: string) =>
  (drill: Drilled): boolean =>
    drill.name === name;

export const drillsOf = {
  passed: (output: unknown): Reading => {
    const all = drilled(output);
    const bad = all.filter(({ verdict }) => verdict !== 'passed').map(({ name, verdict }) => `${name} ${verdict}`);
    const figure = [`${all.length - bad.length} of ${all.length} passed`, ...bad].join('; ');
    return { figure, n: all.length, holds: all.length > 0 && bad.length === 0 };
  },
  rto: (output: unknown): Reading => {
    const drills = drilled(output);
    // What passes unhealthy is meant to end with a person: no recovery is timed there.
    const all = drills.filter(({ verdict, healthy }) => !(verdict === 'passed' && healthy === false));
    const apart = drills.length - all.length;
    const late = all.filter(
      ({ durations: { ttrMs }, objectives: { rto } }) => ttrMs === undefined || ttrMs > toMs(rto as Duration),
    );
    const measured = all.length - late.length;
    const figure = [
      `${measured} of ${all.length} within`,
      ...late.map(({ name }) => name),
      ...(apart > 0 ? [`${apart} apart that must end with a person`] : []),
    ].join('; ');
    return { figure, n: all.length, holds: all.length > 0 && late.length === 0 };
  },
  rpo: (output: unknown): Reading | undefined => {
    const found = drilled(output).flatMap(({ name, objectives: { rpo }, durations: { checkpointAgeMs: age } }) =>
      rpo === undefined || age === undefined ? [] : [{ name, age, late: age > toMs(rpo as Duration) }],
    );
    if (found.length === 0) return undefined;
    const late = found.filter((one) => one.late).map(({ name }) => name);
    const oldest = Math.max(...found.map(({ age }) => age));
    return { figure: [`oldest ${showMs(oldest)}`, ...late].join('; '), n: found.length, holds: late.length === 0 };
  },
  /** Nothing where it was not looked for. */
  leftovers: (output: unknown): Reading | undefined => {
    const entries = OutputSchema.parse(output);
    const found = entries.find((one) => 'leftovers' in one);
    if (!found) return undefined;
    const { leftovers } = found;
    return { figure: leftovers.join('; ') || 'nothing', n: entries.length - 1, holds: leftovers.length === 0 };
  },
  losses: (output: unknown): Reading => {
    const all = drilled(output);
    const items = all.reduce((sum, { items: { count } }) => sum + count, 0);
    const over = all.filter(({ items, objectives }) => items.lost.length > objectives.itemsLost);
    const lost = over.reduce((sum, { items }) => sum + items.lost.length, 0);
    const figure = [`${lost} of ${items} items lost that had to stay`, ...over.map(({ name }) => name)].join('; ');
    return { figure, n: all.length, holds: all.length > 0 && lost === 0 };
  },
};

/** Of the drills of terminal sessions: how old the state was that came back. */
export function sessionAge(output: unknown): Reading | undefined {
  const ages = drilled(output).flatMap(({ name, durations: { checkpointAgeMs } }) =>
    name.startsWith('session-') && checkpointAgeMs !== undefined ? [checkpointAgeMs] : [],
  );
  if (ages.length === 0) return undefined;
  const oldest = Math.max(...ages);
  return { figure: `oldest ${showMs(oldest)}`, n: ages.length, holds: oldest < 60_000 };
}
