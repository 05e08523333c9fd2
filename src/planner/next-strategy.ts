import { canonicalJson } from '../domain/canonical-json.ts';
import { messageOf } from '../domain/errors.ts';
import type { PlannedAction } from '../domain/action.ts';
import { mayFailOver, type Plan } from '../domain/plan.ts';
import { makePlan, type MadePlan, type MakePlanInput } from './make-plan.ts';

export interface NextStrategyInput extends Omit<MakePlanInput, 'playbook'> {
  /** What has been tried, oldest first. */
  tried: readonly Pick<Plan, 'playbook' | 'actions' | 'failover'>[];
}

export interface NextStrategy {
  made?: MadePlan;
  /** Why the others are not tried. */
  passedOver: Plan['alternatives'];
}

/** Longer chains of attempts only delay the call for a person. */
const MAX_STRATEGIES = 4;

/** What an action does to the world, whatever it is called and however often it is tried. */
function effectOf(action: PlannedAction): string | undefined {
  switch (action.type) {
    case 'retry':
      return canonicalJson({ operations: action.steps.map(({ operation }) => ({ ...operation, timeout: undefined })) });
    case 'run':
      return canonicalJson({ operation: { ...action.operation, timeout: undefined } });
    case 'rollback':
      return `checkpoint ${action.checkpointId}`;
    case 'resume':
      return `checkpoint ${action.checkpointId} and on`;
    case 'skip':
      return 'skip';
    default:
      return undefined;
  }
}

const effectsOf = (actions: readonly PlannedAction[]): string[] => actions.flatMap((action) => effectOf(action) ?? []);

/** Why a plan that nobody asked for is not tried by itself. */
function objection(plan: Plan, done: ReadonlySet<string>): string | undefined {
  if (plan.mode !== 'auto' || plan.requiresApproval) return 'needs an approval';
  if (plan.actions.some((action) => action.approval ?? action.type === 'manual')) return 'needs a person';
  if (plan.actions.some(({ type }) => type === 'abort')) return 'would abort';
  if (effectsOf(plan.actions).every((effect) => done.has(effect))) return 'does nothing that was not tried';
  return undefined;
}

/**
 * The next playbook after those that did not help (requirement 4.10): the ones that the last one names, or the next
 * fitting ones that need nobody and do something new. Undefined when a person's turn has come.
 */
export function nextStrategy(input: NextStrategyInput): NextStrategy {
  const last = input.tried.at(-1);
  const passedOver: Plan['alternatives'] = [];
  const names = new Set(input.tried.map(({ playbook }) => playbook.name));
  if (!last || !mayFailOver(last) || input.tried.length >= MAX_STRATEGIES) return { passedOver };
  const attempt = (playbook?: string): MadePlan | undefined => {
    try {
      const playbooks = input.playbooks.filter(({ name }) => !names.has(name));
      return makePlan({ ...input, playbooks, ...(playbook ? { playbook } : {}) });
    } catch (error) {
      if (playbook) passedOver.push({ playbook, reason: messageOf(error) });
      return undefined;
    }
  };
  const chain = input.tried.find(({ failover }) => Array.isArray(failover))?.failover;
  if (Array.isArray(chain)) {
    for (const name of chain) {
      if (names.has(name)) continue;
      const made = attempt(name);
      if (made) return { made, passedOver };
    }
    return { passedOver };
  }
  const done = new Set(input.tried.flatMap(({ actions }) => effectsOf(actions)));
  for (let made = attempt(); made; made = attempt()) {
    const why = objection(made.plan, done);
    if (why === undefined) return { made, passedOver };
    const { name } = made.plan.playbook;
    names.add(name);
    passedOver.push({ playbook: name, reason: why });
  }
  return { passedOver };
}
