import { explainChoice, type Considered } from './choose-playbook.ts';
import { findComponent } from './find-root-cause.ts';
import { makePlan, type MadePlan, type MakePlanInput } from './make-plan.ts';

export interface PreviewedPlan extends MadePlan {
  /** The part of the system that the failure belongs to. */
  component?: string;
  /** Each playbook that was looked at, and why it was taken or not. */
  considered: Considered[];
}

/** The plan that a recovery would make now, with the whole choice. Throws `unknown-playbook`, `plan-invalid`. */
export function previewPlan(input: Omit<MakePlanInput, 'id' | 'now'>): PreviewedPlan {
  const made = makePlan({ ...input, id: 'preview', now: new Date().toISOString() });
  const component = findComponent(input.failure, input.components ?? []);
  const considered = explainChoice(input.failure, made.classification, input.playbooks, component);
  return { ...made, ...(component === undefined ? {} : { component: component.name }), considered };
}
