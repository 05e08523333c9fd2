import type { Failure } from '../domain/failure.ts';
import type { RootCause } from './find-root-cause.ts';
import { workspaceOf } from './place-operation.ts';

const isName = (target: string | undefined): target is string => target !== undefined && !target.includes('*');

/**
 * The root's own failure, in the place of the reported one: same lane, host, subject and workspace, but of the run only what the
 * root itself may run again.
 */
export function rootFailureOf(reported: Failure, root: RootCause): Failure {
  const { failure: found, component } = root;
  const { subject, lane, host, source, run, labels } = reported;
  const steps =
    run && found.operation
      ? [{ ...run.failed, step: component.name, optional: false, operation: found.operation }]
      : [];
  const target = found.target ?? (isName(component.spec.target) ? component.spec.target : reported.target);
  return {
    ...found,
    target,
    subject,
    lane,
    host,
    workspace: workspaceOf(reported),
    source,
    component: component.name,
    labels: { ...labels, ...found.labels },
    causes: found.causes ?? [],
    probes: found.probes ?? [],
    ...(run ? { run: { ...run, steps } } : {}),
  };
}
