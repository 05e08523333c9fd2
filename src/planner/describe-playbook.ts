import { DEFAULT_TIMEOUT, REQUIRED_BY_DEFAULT, type ActionSpec } from '../domain/action.ts';
import { markPlaybook, type DrillProof } from '../domain/drill-mark.ts';
import type { DrilledPlaybook, ListedPlaybook, ResolvedAction } from '../domain/playbook-list.schema.ts';
import type { LoadedPlaybook, Match, Playbook } from '../domain/playbook.ts';
import type { Sha256 } from './hash-plan.ts';
import { playbookDigest } from './playbook-digest.ts';

/** The file that a playbook is in, without its ending: how the built-in ones are grouped. */
const familyOf = ({ file }: Pick<LoadedPlaybook, 'file'>): string =>
  (file.split(/[\\/]/).at(-1) ?? file).replace(/\.[^.]*$/, '');

const describeMatch = (match: Match): string =>
  Object.entries(match)
    .map(([key, value]) =>
      key === 'stated'
        ? 'stated'
        : `${key}=${Array.isArray(value) ? value.join('|') : typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    )
    .join(' ');

const describeMode = (mode: Playbook['spec']['mode']): string =>
  typeof mode === 'string'
    ? mode
    : Object.entries(mode)
        .map(([risk, of]) => `${risk} ${of}`)
        .join(', ');

export function toListed(playbook: LoadedPlaybook, sha256: Sha256): ListedPlaybook {
  const { name, source, file, match, description, document } = playbook;
  // As written, so without its defaults.
  const spec: Partial<LoadedPlaybook['document']['spec']> = document.spec;
  return {
    name,
    source,
    family: familyOf(playbook),
    matches: match.map(describeMatch),
    mode: describeMode(spec.mode ?? 'auto'),
    confidence: spec.confidence ?? 0.5,
    file,
    ...(description ? { description } : {}),
    digest: playbookDigest(playbook, sha256),
  };
}

/** Every one with what its drills say; without proofs, undefined, nobody knows. */
export const toDrilled = (
  playbooks: readonly LoadedPlaybook[],
  proofs: readonly DrillProof[] | undefined,
  sha256: Sha256,
): DrilledPlaybook[] =>
  playbooks.map((playbook) => {
    const listed = toListed(playbook, sha256);
    return { ...listed, drill: markPlaybook(listed.name, listed.digest, proofs) };
  });

function whatOf(action: ActionSpec): string {
  switch (action.type) {
    case 'run': {
      const { procedure, activity, command, http } = action.run;
      const own = activity ?? command?.join(' ') ?? (http ? `${http.method} ${http.url}` : undefined);
      return procedure === undefined
        ? (own ?? '')
        : `procedure ${procedure}${own === undefined ? '' : `, else ${own}`}`;
    }
    case 'retry':
      return `${action.retry?.maximumAttempts ?? 1}x${action.procedure === undefined ? '' : `, else procedure ${action.procedure}`}`;
    case 'rollback':
      return `to ${action.to ?? 'phase-start'}`;
    case 'resume':
      return `from ${action.from ?? 'latest'}`;
    case 'escalate':
      return (action.to ?? ['oncall']).join(', ');
    case 'manual':
      return action.instructions ?? '';
    default:
      return '';
  }
}

/** Each action with what holds where the playbook says nothing. */
export function resolveActions(playbook: LoadedPlaybook): ResolvedAction[] {
  return playbook.document.spec.actions.map((action, index) => ({
    order: index + 1,
    id: action.id,
    type: action.type,
    title: action.title ?? '',
    what: whatOf(action),
    timeout: action.timeout ?? DEFAULT_TIMEOUT[action.type],
    required: action.optional === undefined ? REQUIRED_BY_DEFAULT[action.type] : !action.optional,
    lastResort: action.lastResort ?? false,
    undo: action.compensate !== undefined,
  }));
}
