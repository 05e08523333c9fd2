export type {
  CheckpointFilter,
  CheckpointInfo,
  CheckpointRecord,
  FileEntry,
  GitState,
  Manifest,
  RetentionPolicy,
  StateParts,
} from './checkpoint.schema.ts';

/** Requirement 1.1. */
export const CHECKPOINT_TYPES = [
  'auto',
  'manual',
  'phase-start',
  'phase-end',
  'agent-start',
  'agent-end',
  'milestone',
  'pre-deploy',
  'recovery',
] as const;
export type CheckpointType = (typeof CHECKPOINT_TYPES)[number];

export const CHECKPOINT_STATES = ['creating', 'complete', 'partial', 'invalidated', 'corrupt', 'deleting'] as const;
export type CheckpointState = (typeof CHECKPOINT_STATES)[number];

/** Parts whose content is a JSON value; `files` is the manifest's tree. */
export const STATE_PARTS = ['workflow', 'artifacts', 'context', 'messageBus', 'agentStates', 'git', 'system'] as const;
export const CHECKPOINT_PARTS = [...STATE_PARTS, 'files'] as const;
export type CheckpointPart = (typeof CHECKPOINT_PARTS)[number];

/** Left out of every capture: git's own data is kept by the git part, these are rebuilt by their tools. */
export const DEFAULT_EXCLUDES = ['.git/**', '**/node_modules/**'] as const;
