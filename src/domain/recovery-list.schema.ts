import { z } from 'zod';
import { RECOVERY_STATUSES } from './recovery.ts';

/** A status, or `killed` for one that was ended from outside without undoing anything. */
export const ListedStatusSchema = z.enum([...RECOVERY_STATUSES, 'killed']);

/** A recovery as Visibility knows it: what lists show. Times are ISO 8601. */
export const ListedRecoverySchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  target: z.string(),
  status: z.string(),
  subject: z.string().nullable(),
  playbook: z.string().nullable(),
  category: z.string().nullable(),
  failureType: z.string().nullable(),
  severity: z.string().nullable(),
  /** `approval`, `manual:<action>`, `decision:<action>`, `breaker:<name>` … */
  waitingFor: z.string().nullable(),
  waitingSince: z.string().nullable(),
  startedAt: z.string(),
  closedAt: z.string().nullable(),
});

export type ListedRecovery = z.infer<typeof ListedRecoverySchema>;
export type ListedStatus = z.infer<typeof ListedStatusSchema>;
