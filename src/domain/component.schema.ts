import { z } from 'zod';
import { ProcedureSchema } from './action.schema.ts';
import { NameSchema } from './names.schema.ts';
import { HostSpecSchema } from './host.schema.ts';
import { MachineSpecSchema } from './machine.schema.ts';
import { ProbeSchema } from './probe.schema.ts';
import { ServiceSpecSchema } from './service.schema.ts';
import { ProcessSpecSchema } from './process.schema.ts';
import { SessionSpecSchema } from './session.schema.ts';

export const ComponentSpecSchema = z.strictObject({
  /** Components that must work for this one to work. */
  dependsOn: z.array(NameSchema).max(100).default([]),
  /** A failure of this target is one of this component; takes `*`. */
  target: z.string().min(1).max(200).optional(),
  /** Asked after every recovery of it. */
  probes: z.array(ProbeSchema).max(50).default([]),
  /** The circuit breaker in front of it. */
  breaker: NameSchema.optional(),
  /** The terminal session that it is: it then has the procedures of the built-in playbooks for sessions. */
  session: SessionSpecSchema.optional(),
  /** The API, database, cache or queue that it is: it then has the procedures of the built-in playbooks for services. */
  service: ServiceSpecSchema.optional(),
  /** Shown to its clients as degraded while a recovery of it is at work (requirement 4.6). */
  degradedWhileRecovering: z.boolean().optional(),
  /** The process that it is: its host keeps it running, and the built-in playbook for processes restarts it. */
  process: ProcessSpecSchema.optional(),
  /** The host itself: what may be done when its memory or its disk is used up. */
  machine: MachineSpecSchema.optional(),
  /** A host with a worker: where its subjects go when it is lost. */
  host: HostSpecSchema.optional(),
  /** What the steps `run: {procedure: <name>}` of playbooks do for this component. */
  procedures: z.record(NameSchema, ProcedureSchema).default({}),
});

/** A part of what is recovered: what it needs, how to see it and what can be done about it (requirements 3.5, 4.6). */
export const ComponentSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Component'),
  metadata: z.strictObject({
    name: NameSchema,
    description: z.string().max(500).optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: ComponentSpecSchema.prefault({}),
});

export type ComponentDefinition = z.infer<typeof ComponentSchema>;
