import { DEFAULT_TIMEOUT, type ActionSpec } from '../domain/action.ts';
import type { Invocation, PlaybookInvocation } from '../domain/action.schema.ts';
import type { LoadedComponent } from '../domain/component.ts';
import type { Failure } from '../domain/failure.ts';
import { builtInProcedure, type BuiltInProcedure } from './built-in-procedures.ts';
import { toOperation } from './place-operation.ts';

const RESET_BREAKER = 'reset-breaker';

/** What a playbook's step comes to for one component; a note is a reason of the plan. */
export type Resolved = { spec: ActionSpec; note?: string } | { dropped: string; undefinedProcedure?: boolean };

/** Its own come first, also where a built-in one would have an undo and it has none. */
function procedureOf(name: string, component: LoadedComponent | undefined): BuiltInProcedure | undefined {
  const own = component?.spec.procedures[name];
  if (!own) return component && builtInProcedure(name, component);
  const { undo, ...run } = own;
  return { run, ...(undo ? { undo } : {}) };
}

const has = (component: LoadedComponent | undefined, name: string): string =>
  component
    ? `component ${component.name} defines no procedure "${name}"`
    : `no component is known that defines "${name}"`;

/** The component's own procedure, else what the playbook names to stand in for it. */
function invocationOf(run: PlaybookInvocation, component: LoadedComponent | undefined): Invocation | undefined {
  const { procedure, ...standIn } = run;
  if (procedure === undefined) return standIn;
  return (
    procedureOf(procedure, component)?.run ??
    ((standIn.activity ?? standIn.command ?? standIn.http) ? standIn : undefined)
  );
}

function resolveRun(spec: Extract<ActionSpec, { type: 'run' }>, component: LoadedComponent | undefined): Resolved {
  const run = invocationOf(spec.run, component);
  const { procedure } = spec.run;
  const compensate = spec.compensate ?? (procedure === undefined ? undefined : procedureOf(procedure, component)?.undo);
  if (run) return { spec: { ...spec, run, ...(compensate ? { compensate } : {}) } };
  const name = procedure ?? '';
  if (spec.optional) return { dropped: has(component, name), undefinedProcedure: true };
  if (name === RESET_BREAKER)
    return { dropped: `${component ? `component ${component.name}` : 'the failure'} names no breaker` };
  const { id, title, description, approval, lastResort } = spec;
  const what = title ?? id;
  return {
    spec: {
      id,
      type: 'manual',
      title: what,
      timeout: DEFAULT_TIMEOUT.manual,
      onTimeout: 'escalate',
      instructions: `${description ?? `${what}: do it by hand, then complete this step.`} To have it done by itself, define the procedure "${name}" of ${component ? `component ${component.name}` : 'a component (kind: Component)'}.`,
      ...(approval ? { approval } : {}),
      ...(lastResort ? { lastResort } : {}),
    },
    note: `action ${id} is left to a person: ${has(component, name)}`,
  };
}

const namesOperation = ({ run, operation }: Failure): boolean => (run ? run.steps.length > 0 : operation !== undefined);

/** Puts the component's procedures in the place of their names (requirement 4.6). */
export function resolveProcedures(
  spec: ActionSpec,
  component: LoadedComponent | undefined,
  failure: Failure,
): Resolved {
  if (spec.type === 'retry' && spec.procedure !== undefined && !namesOperation(failure) && !spec.operation) {
    const run = procedureOf(spec.procedure, component)?.run;
    if (run) return { spec: { ...spec, operation: toOperation(run, spec.timeout ?? DEFAULT_TIMEOUT.retry, failure) } };
  }
  const resolved: Resolved = spec.type === 'run' ? resolveRun(spec, component) : { spec };
  if ('dropped' in resolved || !resolved.spec.compensate?.procedure) return resolved;
  const { compensate, ...rest } = resolved.spec;
  const undo = invocationOf(compensate, component);
  if (undo) return { ...resolved, spec: { ...rest, compensate: undo } };
  return { spec: rest, note: `action ${spec.id} has no undo: ${has(component, compensate.procedure ?? '')}` };
}
