import { z } from 'zod';

const Counts = z.record(z.string(), z.number());

const CostSchema = z.object({
  calls: Counts,
  serverActions: Counts,
  databaseWrites: Counts,
  databaseBytes: z.number(),
  workerCpuMs: z.number(),
  serverCpuMs: z.number(),
  wallMs: z.number(),
});

const RecoveryCostSchema = z.object({
  name: z.string(),
  what: z.string(),
  group: z.enum(['plan', 'kind']),
  runs: z.number(),
  history: z.object({
    events: z.number(),
    bytes: z.number(),
    stateTransitions: z.number(),
    workflowTasks: z.number(),
    activityTasks: z.number(),
    localActivities: z.number(),
    timers: z.number(),
    updates: z.number(),
    attributeUpserts: z.number(),
    actions: z.number(),
  }),
  cost: CostSchema,
});

const RatesSchema = z.object({
  seconds: z.number(),
  calls: Counts,
  serverActions: Counts,
  serverCpuMs: z.number(),
  workerCpuMs: z.number(),
});

/** What `npm run bench -- scale` prints, as far as the page needs it. */
export const MeasuredSchema = z.object({
  bench: z.literal('scale'),
  quick: z.boolean(),
  most: z.number(),
  mostOpen: z.number().optional(),
  machine: z.object({
    cores: z.number(),
    node: z.string(),
    server: z.string(),
    loadBefore: z.array(z.number()),
    loadAfter: z.array(z.number()),
  }),
  recoveries: z.array(RecoveryCostSchema).min(1),
  finished: z
    .array(
      z.object({
        finished: z.number(),
        databaseBytes: z.number(),
        serverMiB: z.number(),
        workerMiB: z.number(),
        recovery: CostSchema,
        list: CostSchema,
        count: CostSchema,
      }),
    )
    .min(2),
  open: z
    .array(
      z.object({
        open: z.number(),
        databaseBytes: z.number(),
        serverMiB: z.number(),
        workerMiB: z.number(),
        newWorkerMiB: z.number(),
        newWorkerStart: z.object({ cpuMs: z.number(), wallMs: z.number() }),
        answered: z.object({ cached: CostSchema, notCached: CostSchema }),
        notifierLook: CostSchema,
      }),
    )
    .min(2),
  lasting: z.object({
    changes: z.array(
      z.object({
        name: z.string(),
        of: z.string(),
        times: z.number(),
        events: z.number(),
        bytes: z.number(),
        actions: z.number(),
        cost: CostSchema,
      }),
    ),
    ledgerRecordBytes: z.number(),
    monitorBytes: z.number(),
    rates: z.object({ idle: RatesSchema, monitor: RatesSchema, notifier: RatesSchema }),
  }),
});

export type Measured = z.infer<typeof MeasuredSchema>;
export type MeasuredCost = z.infer<typeof CostSchema>;
export type MeasuredRecovery = z.infer<typeof RecoveryCostSchema>;
export type MeasuredRates = z.infer<typeof RatesSchema>;

export const totalOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, value) => sum + value, 0);

/** A row by its name. Throws where it was not measured. */
export function named<T extends { name: string }>(rows: readonly T[], name: string): T {
  const found = rows.find((row) => row.name === name);
  if (!found) throw new Error(`the results have no ${name}`);
  return found;
}
