import { z } from 'zod';
import { ComponentSpecSchema } from './component.schema.ts';
import { DrillFaultSchema } from './drill-fault.schema.ts';
import { SandboxSchema, type Sandbox } from './drill-sandbox.schema.ts';
import { DRILL_VERDICTS } from './drill.ts';
import { DurationSchema } from './duration.schema.ts';
import {
  CategorySchema,
  FailureTypeSchema,
  LaneSchema,
  RelatedFailureSchema,
  SeveritySchema,
} from './failure.schema.ts';
import { withLateValues } from './late-values.schema.ts';
import { NameSchema } from './names.schema.ts';
import { ArgvSchema, OperationSchema } from './operation.schema.ts';
import { ProbeReadingSchema, ProbeSchema } from './probe.schema.ts';
import { CLOSED_RECOVERY_STATUSES } from './recovery.ts';
import { templatePaths } from './template.ts';

/** Parts that the drill defines for its own recovery; `{{ inputs.components.NAME }}` is the name that one has there. */
const DrillComponentsSchema = z.record(NameSchema.max(30), ComponentSpecSchema.prefault({}));

const names = ({ sandbox }: { sandbox: Sandbox }): string[] => [
  ...(sandbox.ports ?? []),
  ...(sandbox.services ?? []).map(({ name }) => name),
  ...(sandbox.proxies ?? []).map(({ name }) => name),
];

const SpecSchema = z.strictObject({
  /** Which has to be chosen. Absent: whichever is. */
  playbook: NameSchema.optional(),
  sandbox: SandboxSchema.prefault({}),
  /** Must pass before the fault, fail with it, and pass again. `{{ inputs.sandbox }}` is its directory. */
  steadyState: withLateValues(z.array(ProbeSchema).min(1, 'must say how one sees that all is well')),
  /** Known to its recovery alone. */
  components: withLateValues(DrillComponentsSchema).optional(),
  /** Captures the sandbox before the fault, so that there is something to go back to. */
  checkpoint: z.boolean().default(false),
  /** Programs that compute all the while, from before the steady state to the end. */
  load: z.strictObject({ workers: z.number().int().min(1).max(8) }).optional(),
  faults: z.array(DrillFaultSchema).min(1, 'must name what breaks'),
  /** So many of the faults, chosen by chance anew in each drill; absent: all of them. */
  pick: z.number().int().min(1).optional(),
  /** What is reported; the rest is read off the operation when it fails. */
  failure: withLateValues(
    z.strictObject({
      type: FailureTypeSchema.optional(),
      category: CategorySchema.optional(),
      severity: SeveritySchema.optional(),
      lane: LaneSchema.optional(),
      code: z.string().max(200).optional(),
      message: z.string().min(1).max(10_000).optional(),
      component: z.string().optional(),
      /** Other components that fail along with it. */
      related: z.array(RelatedFailureSchema).max(50).optional(),
      labels: z.record(z.string(), z.string()).optional(),
      /** Is run to see how it fails, and is what can be tried again. */
      operation: OperationSchema.optional(),
      probes: z.array(ProbeSchema).optional(),
      retryAfter: DurationSchema.optional(),
    }),
  ).prefault({}),
  /** What a person would answer, given by the drill at once; the wait is reported apart. */
  answers: z
    .strictObject({
      approve: z.boolean().default(false),
      manual: z.enum(['done', 'failed']).optional(),
      /** A command that does, in the sandbox, what the person is asked for, before the first step by hand is answered. */
      mend: ArgvSchema.optional(),
    })
    .refine(({ manual, mend }) => mend === undefined || manual === 'done', {
      path: ['mend'],
      error: 'needs manual: done, which tells that it was done',
    })
    .prefault({}),
  expect: z
    .strictObject({
      status: z.enum(CLOSED_RECOVERY_STATUSES).default('recovered'),
      actions: z.array(z.string()).default([]),
      /** Actions that have to fail: what they would need is damaged, and they may not go by it. */
      failed: z.array(z.string()).optional(),
      /** Components whose clients are told that they are degraded while the recovery is at work, and no longer afterwards. */
      degraded: z.array(NameSchema).max(20).optional(),
      /** Whether the steady state is back in the end: not where a person is called to mend it. */
      healthy: z.boolean().default(true),
      /**
       * In the end the sandbox is as the fault had left it: a recovery that gives up has undone what it did; one that went back to a
       * checkpoint has that undone by the drill, after everything else has been seen.
       */
      undone: z.boolean().optional(),
    })
    .prefault({}),
  objectives: z
    .strictObject({
      rto: DurationSchema.default('60s'),
      /** How old the checkpoint may be that is gone back to. */
      rpo: DurationSchema.optional(),
      /** Files of the sandbox that may be missing or other than before. */
      itemsLost: z.number().int().min(0).default(0),
    })
    .prefault({}),
  hold: DurationSchema.default('2s'),
  /** In which the steady state comes up before the fault, and the fault shows. */
  settle: DurationSchema.default('15s'),
  /** After it the recovery is cancelled, the fault taken back, and the drill has been aborted. */
  deadline: DurationSchema.default('5m'),
});

/** What a drill does. Its names and the ports that it speaks of are checked against its sandbox. */
export const DrillSpecSchema = SpecSchema.superRefine((spec, context) => {
  const known = names(spec);
  const all = [...known, ...spec.sandbox.processes.map(({ name }) => name)];
  const twice = all.find((name, index) => all.indexOf(name) !== index);
  const issue = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
  if (twice !== undefined) issue(['sandbox'], `uses the name "${twice}" twice`);
  if (spec.pick !== undefined && spec.pick > spec.faults.length)
    issue(['pick'], `is more than the ${spec.faults.length} faults that there are`);
  const spoken = templatePaths([spec.sandbox.processes, spec.steadyState, spec.failure, spec.components]);
  for (const name of new Set(spoken.filter((path) => path.startsWith('inputs.ports.')).map((path) => path.slice(13))))
    if (!known.includes(name)) issue(['sandbox', 'ports'], `has no port "${name}" that is spoken of`);
  for (const [index, { to }] of (spec.sandbox.proxies ?? []).entries())
    if (!known.includes(to))
      issue(['sandbox', 'proxies', index, 'to'], `is no service or port of the sandbox: "${to}"`);
  for (const [index, { type }] of spec.faults.entries())
    if (type === 'flipBitInStore' && !spec.checkpoint)
      issue(['faults', index, 'type'], 'needs checkpoint: true, for nothing of the sandbox is stored otherwise');
  const services = spec.sandbox.services ?? [];
  for (const [index, service] of services.entries())
    if (
      service.kind === 'worker' &&
      !services.some(({ kind, name }) => kind === 'temporal' && name === service.temporal)
    )
      issue(
        ['sandbox', 'services', index, 'temporal'],
        `is no service of kind temporal of the sandbox: "${service.temporal}"`,
      );
  for (const [index, name] of (spec.expect.degraded ?? []).entries())
    if (!Object.hasOwn(spec.components ?? {}, name))
      issue(['expect', 'degraded', index], `is none of spec.components: "${name}"`);
  for (const { component } of [spec.failure, ...(spec.failure.related ?? [])])
    if (component !== undefined && spec.components && !Object.hasOwn(spec.components, component))
      issue(['failure', 'component'], `is none of spec.components: "${component}"`);
});

/** A fault that is injected on purpose, and what has to become of it (requirement 7.1). */
export const DrillSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Drill'),
  metadata: z.strictObject({
    name: NameSchema,
    description: z.string().max(500).optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: DrillSpecSchema,
});

export const DrillInputSchema = z.strictObject({
  name: NameSchema,
  host: z.string().min(1),
  spec: DrillSpecSchema,
});

export const DrillReportSchema = z.object({
  schemaVersion: z.literal(1),
  name: z.string(),
  workflowId: z.string(),
  host: z.string(),
  verdict: z.enum(DRILL_VERDICTS),
  /** Why it has not passed; empty when it has. */
  problems: z.array(z.string()),
  objectives: SpecSchema.shape.objectives.unwrap(),
  recovery: z
    .object({
      workflowId: z.string(),
      runId: z.string(),
      joined: z.boolean(),
      status: z.string(),
      summary: z.string(),
      playbook: z.string().optional(),
      planHash: z.string().optional(),
      /** Of the playbook as it was then; what tells whether it has changed since. */
      playbookDigest: z.string().optional(),
      verified: z.boolean(),
      actions: z.array(z.object({ id: z.string(), type: z.string(), status: z.string(), durationMs: z.number() })),
      compensations: z.number().int(),
      humanWaitMs: z.number(),
    })
    .optional(),
  /** Readings of the steady state: before, with the fault, at the end. */
  before: z.array(ProbeReadingSchema),
  broken: z.array(ProbeReadingSchema),
  after: z.array(ProbeReadingSchema),
  healthy: z.boolean(),
  held: z.boolean(),
  /** Of the components in expect.degraded, as their clients were told. */
  degraded: z.array(z.object({ component: z.string(), during: z.boolean(), afterwards: z.boolean() })).optional(),
  items: z.object({ count: z.number().int(), lost: z.array(z.string()) }),
  /** The faults that chance has chosen, by their place in the definition. */
  picked: z.array(z.number().int()).optional(),
  /** Where that is expected: what is not as the fault had left it. */
  undone: z
    .object({
      differences: z.array(z.string()),
      /** What was done and undone; absent of drills from before it was told. */
      actions: z.array(z.string()).optional(),
    })
    .optional(),
  /** ISO 8601. t0: the injection begins, of the first fault; the others as in a recovery. */
  times: z.object({
    startedAt: z.string(),
    t0: z.string().optional(),
    t1: z.string().optional(),
    t2: z.string().optional(),
    t3: z.string().optional(),
    t4: z.string().optional(),
    t5: z.string().optional(),
    finishedAt: z.string(),
  }),
  durations: z.object({
    /** From the fault to the steady state held. */
    ttrMs: z.number().optional(),
    humanWaitMs: z.number(),
    /** From the checkpoint that was gone back to, to the fault. */
    checkpointAgeMs: z.number().optional(),
  }),
  /** What the clean-up could not remove. */
  left: z.array(z.string()),
});

/** A row of the list. Milliseconds. */
export const ListedDrillSchema = z.object({
  workflowId: z.string(),
  name: z.string(),
  /** The verdict; `running` or `killed` where there is none. */
  verdict: z.string(),
  playbook: z.string().nullable(),
  ttrMs: z.number().nullable(),
  humanWaitMs: z.number().nullable(),
  itemsLost: z.number().nullable(),
  startedAt: z.string(),
  closedAt: z.string().nullable(),
});

export type ListedDrill = z.infer<typeof ListedDrillSchema>;
export type Drill = z.infer<typeof DrillSchema>;
export type DrillSpec = z.infer<typeof DrillSpecSchema>;
export type { DrillFault } from './drill-fault.schema.ts';
export type DrillInput = z.infer<typeof DrillInputSchema>;
/** A file, a link, an empty folder of a sandbox, or something of its repository. */
export interface SandboxItem {
  path: string;
  /** Of what it holds. */
  sha256: string;
  /** The permissions of a file. */
  mode?: number;
}
export type DrillReport = z.infer<typeof DrillReportSchema>;
