import { PIPELINE_FAILURE_TYPES, type FailureType } from '../domain/failure.ts';
import type { LoadedPlaybook, Match } from '../domain/playbook.ts';

/** In the order in which playbooks are asked. */
export const LAYERS = ['user', 'planner', 'service', 'component', 'type', 'category'] as const;
export type Layer = (typeof LAYERS)[number];

export const LAYER_WORDS: Record<Layer, string> = {
  user: 'the user’s own',
  planner: 'of a custom planner',
  service: 'for a service',
  component: 'for a component',
  type: 'for the type',
  category: 'for the category',
};

const SERVICE_TYPES: readonly FailureType[] = ['api_failure', 'database', 'cache', 'rate_limit'];

/**
 * Sessions are recovered as components are: by their own procedures. What asks for a code knows the very thing that fails, as
 * a service does, whatever type a probe reads off it.
 */
export function layerOf(playbook: LoadedPlaybook, match: Match): Layer {
  if (playbook.source !== 'builtin') return playbook.source;
  const type = match.failureType;
  if (match.code !== undefined || (type !== undefined && SERVICE_TYPES.includes(type))) return 'service';
  if (
    match.component !== undefined ||
    (type !== undefined && !(PIPELINE_FAILURE_TYPES as readonly FailureType[]).includes(type))
  )
    return 'component';
  return type === undefined ? 'category' : 'type';
}
