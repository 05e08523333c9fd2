import { z } from 'zod';
import { TargetSchema } from '../../domain/names.schema.ts';

/** RFC 9457. */
export const ProblemSchema = z.object({
  type: z.string().describe('The page that explains the code.'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().describe('What failed, on what and why.'),
  code: z.string().describe('The slug of the situation.'),
  remedy: z.string().optional().describe('What to do about it.'),
  traceId: z.string().describe('Of the request: also in the header `x-request-id`, the log and the audit.'),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .describe('Which fields are wrong and how.'),
});

const RECOVERY_ID = /^(recovery\/)?[A-Za-z0-9][A-Za-z0-9._@/-]{0,219}$/;

export const RecoveryParams = z.object({
  id: z
    .string()
    .regex(RECOVERY_ID, 'must be a workflow id or a target, such as recovery/release/web, URL-encoded')
    .describe('Workflow id or target, URL-encoded: `recovery%2Frelease%2Fweb` or `release%2Fweb`.'),
});

export const RunIdSchema = z.guid('must be a run id, such as 0199f8a2-5c1e-7d3a-9b60-2f4e8a1c7d55');

export const RunQuery = z.strictObject({
  run: RunIdSchema.optional().describe('An earlier execution; default: the newest.'),
});

/** Text that says why, for the audit and for the report. */
export const reason = z.string().trim().min(1, 'must give a reason').max(2000);
export const ReasonBody = z.strictObject({ reason });

export const limit = z.coerce.number('must be a number').int().min(1).max(200).default(50);
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_+/=.-]{1,4000}$/, 'must be the nextCursor of the page before')
  .optional();

/** One word, or several with commas between them. */
export const commaList = <Out extends string>(item: z.ZodType<Out, string>) =>
  z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).min(1).max(50));

/** A page of a list; `nextCursor` is null on the last one. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** Where to go from an answer. */
export const LinksSchema = z.record(z.string(), z.string());

/** What a message to a workflow is answered with. */
export const ReceiptAnswerSchema = z.object({ workflowId: z.string(), status: z.string(), note: z.string() });

export const SubjectQuery = z.strictObject({ subject: TargetSchema });
