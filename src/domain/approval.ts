export type {
  ApprovalPolicy,
  ApproveInput,
  CompleteManualStepInput,
  DecideInput,
  Decision,
  DenyInput,
  PauseInput,
} from './approval.schema.ts';

/** A decision of a person, as the report keeps it. */
export interface ApprovalRecord {
  verdict: 'approved' | 'denied' | 'timed_out';
  by: string;
  reason?: string;
  at: string;
  planHash: string;
  /** Absent: the plan as a whole. */
  actionId?: string;
  /** Temporal does not authenticate what a message says: the name is a claim. */
  authenticated: boolean;
  via: 'signal' | 'update' | 'timer';
}
