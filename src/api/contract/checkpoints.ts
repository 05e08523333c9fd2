import { z } from 'zod';
import { CHECKPOINT_PARTS, CHECKPOINT_TYPES } from '../../domain/checkpoint.ts';
import { CheckpointIdSchema, CheckpointRecordSchema } from '../../domain/checkpoint.schema.ts';
import { TargetSchema } from '../../domain/names.schema.ts';
import { PathChangeSchema, RestoreOptionsSchema, RestoreResultSchema } from '../../domain/rollback.schema.ts';
import { defineRoute } from './route.ts';
import { commaList, limit, pageOf, reason, ReasonBody, SubjectQuery } from './shared.ts';

const tag = 'checkpoints';
const Params = z.object({ id: CheckpointIdSchema });
const Record = CheckpointRecordSchema;

const change = { tag, changes: true, params: Params, query: SubjectQuery, problems: [404, 409] } as const;

export const CHECKPOINTS = {
  listSubjects: defineRoute({
    method: 'GET',
    path: '/api/v1/subjects',
    tag,
    summary: 'What has checkpoints.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(z.string()) }) } },
  }),
  listCheckpoints: defineRoute({
    method: 'GET',
    path: '/api/v1/checkpoints',
    tag,
    summary: 'The checkpoints of a subject, newest first; a subject without any has an empty list.',
    access: 'viewer',
    changes: false,
    query: SubjectQuery.extend({
      type: commaList(z.enum(CHECKPOINT_TYPES)).optional(),
      tags: commaList(z.string().min(1).max(60)).optional(),
      phase: z.string().max(200).optional(),
      agent: z.string().max(200).optional(),
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
      valid: z.stringbool().optional(),
      limit,
      cursor: z.coerce
        .number('must be the nextCursor of the page before')
        .int()
        .min(0)
        .max(1e9)
        .optional()
        .describe('Place in the list.'),
    }),
    answers: { 200: { description: 'A page.', schema: pageOf(Record) } },
  }),
  getCheckpoint: defineRoute({
    method: 'GET',
    path: '/api/v1/checkpoints/{id}',
    tag,
    summary: 'One checkpoint.',
    access: 'viewer',
    changes: false,
    params: Params,
    query: SubjectQuery.partial(),
    answers: { 200: { description: 'The checkpoint.', schema: Record } },
    problems: [404],
  }),
  diffCheckpoints: defineRoute({
    method: 'GET',
    path: '/api/v1/checkpoints/{id}/diff',
    tag,
    summary: 'What one would have to do to get from this checkpoint to another.',
    access: 'viewer',
    changes: false,
    params: Params,
    query: SubjectQuery.extend({ to: CheckpointIdSchema }),
    answers: {
      200: {
        description: 'The difference.',
        schema: z.object({
          from: z.string(),
          to: z.string(),
          changes: z.array(PathChangeSchema),
          changesTotal: z.number().int(),
          unchanged: z.number().int(),
          parts: z.array(z.object({ part: z.string(), change: z.enum(['added', 'removed', 'changed']) })),
        }),
      },
    },
    problems: [404, 409],
  }),
  verifyCheckpoint: defineRoute({
    ...change,
    method: 'POST',
    path: '/api/v1/checkpoints/{id}/verify',
    summary: 'Read a checkpoint back from the store; one that fails is marked corrupt.',
    access: 'operator',
    body: z.strictObject({ level: z.enum(['quick', 'full']).default('full') }),
    answers: { 200: { description: 'The checkpoint as it is now known.', schema: Record } },
  }),
  invalidateCheckpoint: defineRoute({
    ...change,
    method: 'POST',
    path: '/api/v1/checkpoints/{id}/invalidate',
    summary: 'Keep a checkpoint from being chosen.',
    access: 'admin',
    body: ReasonBody,
    answers: { 200: { description: 'The checkpoint.', schema: Record } },
  }),
  deleteCheckpoint: defineRoute({
    ...change,
    method: 'DELETE',
    path: '/api/v1/checkpoints/{id}',
    summary: 'Delete a checkpoint.',
    access: 'admin',
    query: SubjectQuery.extend({ reason }),
    answers: { 200: { description: 'What it has freed.', schema: z.object({ freedBytes: z.number() }) } },
  }),
};

const { scope, timeout, skipLost, force } = RestoreOptionsSchema.shape;

/** What is to be restored; the same in the preview and in the apply, or the hash does not fit. */
export const RollbackBody = z.strictObject({
  subject: TargetSchema,
  checkpoint: z.string().min(1).max(200).describe('An id, `latest`, `previous` or `phase:<name or number>`.'),
  parts: z.array(z.enum(CHECKPOINT_PARTS)).min(1).optional(),
  scope,
  git: z.boolean().optional().describe('Adds the repository to what a restore takes anyway.'),
  host: z.string().min(1).max(200).optional(),
  root: z.string().startsWith('/', 'must be an absolute path').max(4000).optional().describe('Absolute.'),
  timeout,
  skipLost,
  force: force.unwrap().optional(),
});

const UndoBody = z.strictObject({ subject: TargetSchema, force: z.boolean().optional() });

/** The apply names what the preview has shown. */
const applied = {
  planHash: z.string().regex(/^[0-9a-f]{64}$/, 'must be the hash of the preview, 64 digits'),
  reason,
};

const rollback = {
  tag: 'rollbacks',
  method: 'POST',
  answers: {
    200: {
      description: 'What it changes or has changed; `plan.hash` is what the apply must name.',
      schema: RestoreResultSchema,
    },
  },
  problems: [404, 409],
} as const;

export const ROLLBACKS = {
  previewRollback: defineRoute({
    ...rollback,
    path: '/api/v1/rollbacks:preview',
    summary: 'What a restore would change, with a hash; changes nothing.',
    access: 'operator',
    changes: false,
    body: RollbackBody.extend({
      diff: z.boolean().optional().describe('With the lines that would change.'),
    }),
  }),
  applyRollback: defineRoute({
    ...rollback,
    path: '/api/v1/rollbacks',
    summary:
      'Restore a checkpoint after a backup of what is there. Refused when it would do anything else than the preview.',
    access: 'admin',
    changes: true,
    body: RollbackBody.extend({ ...applied, createBackup: z.boolean().default(true) }),
  }),
  previewUndo: defineRoute({
    ...rollback,
    path: '/api/v1/undo:preview',
    summary: 'What taking the last restore of a subject back would change.',
    access: 'operator',
    changes: false,
    body: UndoBody,
  }),
  undoRollback: defineRoute({
    ...rollback,
    path: '/api/v1/undo',
    summary: 'Take the last restore of a subject back; once more, it takes the undo back.',
    access: 'admin',
    changes: true,
    body: UndoBody.extend(applied),
  }),
};
