import type { Classification } from '../../domain/failure.ts';
import type { DrilledPlaybook, DrillMark } from '../../domain/playbook-list.schema.ts';
import type { LoadedPlaybook } from '../../domain/playbook.ts';
import { resolveActions } from '../../planner/describe-playbook.ts';
import type { Considered } from '../../planner/choose-playbook.ts';
import { totalCoverage, type MarkedAction, type UndoCoverage } from '../../planner/undo-coverage.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

/** In words: whether it has passed a drill as it is now. */
function drillOf(paint: Paint, { state, at }: DrillMark): string {
  if (state === 'passed') return `${paint.green('passed')} ${at === null ? '' : paint.time(at)}`.trimEnd();
  return state === 'changed' ? paint.yellow('changed since') : paint.dim(state);
}

export function renderPlaybooks(paint: Paint, playbooks: readonly DrilledPlaybook[]): string {
  const rows = playbooks.map(({ name, source, family, matches, mode, confidence, drill }) => [
    name,
    source,
    family,
    matches.join('\n'),
    mode,
    String(confidence),
    drillOf(paint, drill),
  ]);
  return renderTable(paint, ['name', 'source', 'family', 'matches', 'mode', 'confidence', 'drill'], rows);
}

export function renderPlaybook(paint: Paint, playbook: LoadedPlaybook, yaml: string): string {
  const rows = resolveActions(playbook).map((action) => [
    String(action.order),
    action.id,
    action.type,
    action.what,
    action.timeout,
    action.required ? 'required' : '',
    action.lastResort ? 'last resort' : '',
    action.undo ? 'undo' : '',
  ]);
  return [
    paint.dim(`# ${playbook.source}, ${playbook.file}`),
    yaml.trimEnd(),
    '',
    paint.bold('With what holds where it says nothing'),
    renderTable(paint, ['#', 'id', 'type', 'does', 'limit', '', '', ''], rows),
  ].join('\n');
}

const describeEffect = (paint: Paint, { id, undo, why }: MarkedAction): string =>
  undo === 'irreversible' ? `${paint.yellow(`${id} ${undo}`)}: ${why}` : `${id} ${undo}: ${why}`;

/** How much of what changes something can be undone; what changes nothing is only counted. */
export function renderCoverage(paint: Paint, coverages: readonly UndoCoverage[]): string {
  const rows = coverages.map(({ playbook, actions, changing, undoable, percent }) => [
    playbook,
    `${percent} %`,
    `${undoable} of ${changing}`,
    actions
      .filter(({ changes }) => changes)
      .map((action) => describeEffect(paint, action))
      .join('\n'),
    String(actions.filter(({ changes }) => !changes).length),
  ]);
  const { undoable, changing, percent } = totalCoverage(coverages);
  return [
    renderTable(paint, ['playbook', 'undo', 'actions', 'what changes something', 'nothing to undo'], rows),
    `${percent} % of what changes something can be undone: ${undoable} of ${changing} actions`,
  ].join('\n');
}

export interface Explanation {
  classification: Classification;
  component?: string;
  considered: Considered[];
}

export function renderExplanation(paint: Paint, { classification, component, considered }: Explanation): string {
  const { category, type, severity, rule, fingerprint } = classification;
  const rows = considered.map(({ playbook, layer, chosen, reason }) => [
    chosen ? paint.green('✔') : paint.dim('·'),
    playbook,
    layer,
    reason,
  ]);
  return [
    '',
    paint.bold('Classification'),
    `${category} · ${type} · ${severity}: ${rule}`,
    ...(fingerprint ? [paint.dim(`fingerprint ${fingerprint}`)] : []),
    ...(component ? [`component ${component}`] : []),
    '',
    paint.bold('Choice, in the order in which playbooks are asked'),
    renderTable(paint, ['', 'playbook', 'for', 'why'], rows),
  ].join('\n');
}
