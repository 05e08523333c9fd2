import { z } from 'zod';
import {
  ApproveInputSchema,
  CompleteManualStepInputSchema,
  ContinueInputSchema,
  DecideInputSchema,
  DenyInputSchema,
} from '../../domain/approval.schema.ts';
import { StartedRecoverySchema } from './recoveries.ts';
import { defineRoute, type Access } from './route.ts';
import { ReasonBody, ReceiptAnswerSchema, RecoveryParams, RunQuery } from './shared.ts';

const tag = 'recoveries';

/** Who it is and which roles they have comes from the token. */
const fromToken = { by: true, roles: true, signature: true } as const;

const VerdictAnswerSchema = ReceiptAnswerSchema.extend({
  signed: z
    .boolean()
    .describe("Whether the answer was signed with this server's key, so that the name is more than a claim."),
  unsignedBecause: z.string().optional().describe('Why it was not.'),
});

const ContinueBody = ContinueInputSchema.omit({ by: true, key: true, from: true });

interface MessageRoute<Body extends z.ZodType, Schema extends z.ZodType> {
  verb: string;
  summary: string;
  access: Access;
  body: Body;
  answer: Schema;
  status?: 200 | 202;
}

const message = <Body extends z.ZodType, Schema extends z.ZodType>({
  verb,
  summary,
  access,
  body,
  answer,
  status = 200,
}: MessageRoute<Body, Schema>) =>
  defineRoute({
    method: 'POST',
    path: `/api/v1/recoveries/{id}/${verb}`,
    tag,
    summary,
    access,
    changes: true,
    params: RecoveryParams,
    query: RunQuery,
    body,
    answers: { [status]: { description: 'What it did.', schema: answer } },
    problems: [404, 409],
  });

export const RECOVERY_MESSAGES = {
  approveRecovery: message({
    verb: 'approve',
    summary: 'Approve the plan that a recovery waits with. `breakGlass` needs the role admin.',
    access: 'approver',
    body: ApproveInputSchema.omit(fromToken),
    answer: VerdictAnswerSchema,
  }),
  denyRecovery: message({
    verb: 'deny',
    summary: 'Deny the plan that a recovery waits with.',
    access: 'approver',
    body: DenyInputSchema.omit({ ...fromToken, breakGlass: true }),
    answer: VerdictAnswerSchema,
  }),
  decideRecovery: message({
    verb: 'decide',
    summary: 'Decide on a parked action. Another `input` than its `inputSchema` describes needs the role admin.',
    access: 'operator',
    body: DecideInputSchema.omit({ by: true, declaredInputOnly: true }),
    answer: ReceiptAnswerSchema,
  }),
  completeManualStep: message({
    verb: 'complete-manual-step',
    summary: 'Complete the manual step that a recovery waits for.',
    access: 'operator',
    body: CompleteManualStepInputSchema.omit({ by: true }),
    answer: ReceiptAnswerSchema,
  }),
  pauseRecovery: message({
    verb: 'pause',
    summary: 'Pause a recovery before its next action.',
    access: 'operator',
    body: ReasonBody,
    answer: ReceiptAnswerSchema,
  }),
  resumeRecovery: message({
    verb: 'resume',
    summary: 'Let a paused recovery go on.',
    access: 'operator',
    body: ReasonBody,
    answer: ReceiptAnswerSchema,
  }),
  cancelRecovery: message({
    verb: 'cancel',
    summary: 'Stop a recovery and undo what it has begun. Answers when the request is taken.',
    access: 'operator',
    body: ReasonBody,
    answer: ReceiptAnswerSchema,
    status: 202,
  }),
  killRecovery: message({
    verb: 'kill',
    summary: 'End a recovery at once and undo nothing.',
    access: 'admin',
    body: ReasonBody,
    answer: ReceiptAnswerSchema.extend({
      left: z.array(z.string()).describe('Actions that have begun and whose undo was not run.'),
    }),
  }),
  continueRecovery: message({
    verb: 'continue',
    summary: 'Go on with a closed or killed recovery from its first action that was not done.',
    access: 'operator',
    body: ContinueBody,
    answer: StartedRecoverySchema,
    status: 202,
  }),
  forkRecovery: message({
    verb: 'fork',
    summary: 'Go on with a closed or killed recovery from an action of your choice.',
    access: 'operator',
    body: ContinueBody.extend({
      from: z.string().min(1).max(200).describe("An action's id."),
    }),
    answer: StartedRecoverySchema,
    status: 202,
  }),
};
