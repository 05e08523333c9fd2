import { z } from 'zod';
import { JsonSchema, NameSchema } from '../../domain/names.schema.ts';
import { PlanSchema } from '../../domain/plan.schema.ts';
import {
  DrilledPlaybookSchema,
  ListedPlaybookSchema,
  ResolvedActionSchema,
} from '../../domain/playbook-list.schema.ts';
import { ClassificationSchema } from '../../domain/report.schema.ts';
import { ReportedFailureSchema } from './recoveries.ts';
import { defineRoute } from './route.ts';

export const PLAYBOOKS = {
  previewPlan: defineRoute({
    method: 'POST',
    path: '/api/v1/plans:preview',
    tag: 'plans',
    summary: 'The plan that a recovery of this failure would have, and why; starts nothing.',
    access: 'viewer',
    changes: false,
    body: z.strictObject({
      failure: ReportedFailureSchema,
      playbook: NameSchema.optional(),
      inputs: z.record(z.string(), JsonSchema).optional(),
    }),
    answers: {
      200: {
        description: 'The plan and the choice.',
        schema: z.object({
          plan: PlanSchema,
          classification: ClassificationSchema,
          component: z.string().optional(),
          considered: z.array(
            z.object({ playbook: z.string(), layer: z.string(), chosen: z.boolean(), reason: z.string() }),
          ),
        }),
      },
    },
    problems: [404, 422],
  }),
  listPlaybooks: defineRoute({
    method: 'GET',
    path: '/api/v1/playbooks',
    tag: 'playbooks',
    summary: 'Every playbook in the order in which they are asked, users’ own first, with the mark of its drills.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'All of them.', schema: z.object({ items: z.array(DrilledPlaybookSchema) }) } },
    problems: [422],
  }),
  getPlaybook: defineRoute({
    method: 'GET',
    path: '/api/v1/playbooks/{name}',
    tag: 'playbooks',
    summary: 'One playbook: its document, and its actions with what holds where it says nothing.',
    access: 'viewer',
    changes: false,
    params: z.object({ name: NameSchema }),
    answers: {
      200: {
        description: 'The playbook.',
        schema: ListedPlaybookSchema.extend({
          /** As written. */
          document: JsonSchema,
          yaml: z.string(),
          actions: z.array(ResolvedActionSchema),
        }),
      },
    },
    problems: [404, 422],
  }),
};
