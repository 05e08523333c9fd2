import type { Decision } from '../api/types.ts';

/** What a person may decide on a parked action, and what comes of it. */
export const DECISION_WORDS: Record<Decision, { label: string; effect: string }> = {
  retry: { label: 'Retry', effect: 'The action is tried again, with another input where you give one.' },
  supply: { label: 'Supply the output', effect: 'What you give stands as the output of the action.' },
  skip: { label: 'Skip', effect: 'The recovery goes on without this action.' },
  rollback: { label: 'Roll back', effect: 'What the recovery has done so far is undone.' },
  handover: { label: 'Hand over', effect: 'Another playbook takes over.' },
  abort: { label: 'Abort', effect: 'The recovery ends here as failed, and what it has done is undone.' },
  escalate: { label: 'Escalate', effect: 'The recovery ends with a report to those on call.' },
};
