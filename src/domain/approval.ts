export type {
  ApprovalPolicy,
  ApproveInput,
  CompleteManualStepInput,
  DecideInput,
  Decision,
  DenyInput,
  PauseInput,
} from './approval.schema.ts';
export type { ApprovalRecord } from './report.schema.ts';
