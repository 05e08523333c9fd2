import type { LoadedComponent } from '../domain/component.ts';
import type { Failure, RelatedFailure } from '../domain/failure.ts';
import { fitsWildcard } from '../domain/wildcard.ts';

export interface RootCause {
  component: LoadedComponent;
  /** What was reported of it along with the failure. */
  failure: RelatedFailure;
  /** From the failing component to the root, both included. */
  path: string[];
  reason: string;
}

/** The component of a failure: by the name it gives, else by its target. */
export function findComponent(
  failure: Pick<RelatedFailure, 'component' | 'target'>,
  components: readonly LoadedComponent[],
): LoadedComponent | undefined {
  const { component, target } = failure;
  if (component !== undefined) return components.find(({ name }) => name === component);
  return components.find(({ spec }) => spec.target !== undefined && fitsWildcard(spec.target, target));
}

/**
 * The root of a cascade (requirement 3.5): the failing component, on the way from the reported one along what it depends on,
 * none of whose own dependencies fail. A component in between that nobody reported does not end the way. Undefined when the
 * reported component is the root itself, or when it is unknown: the deepest cause then says what to do.
 */
export function findRootCause(failure: Failure, components: readonly LoadedComponent[]): RootCause | undefined {
  const start = findComponent(failure, components);
  if (!start || !failure.related?.length) return undefined;
  const byName = new Map(components.map((component) => [component.name, component]));
  const failing = new Map<string, RelatedFailure>();
  for (const related of failure.related) {
    const component = findComponent(related, components);
    if (component && component !== start && !failing.has(component.name)) failing.set(component.name, related);
  }
  const seen = new Set<string>();
  /** Every failing component below, with the way to it; the deepest way first where there are several. */
  const below = (component: LoadedComponent, path: readonly string[]): { name: string; path: string[] }[] => {
    if (seen.has(component.name)) return [];
    seen.add(component.name);
    return component.spec.dependsOn.flatMap((name) => {
      const next = byName.get(name);
      if (!next) return [];
      const here = [...path, name];
      const deeper = below(next, here);
      return deeper.length > 0 || !failing.has(name) ? deeper : [{ name, path: here }];
    });
  };
  const roots = below(start, [start.name]);
  const root = roots[0];
  const component = byName.get(root?.name ?? '');
  const found = failing.get(root?.name ?? '');
  if (!root || !component || !found) return undefined;
  const others = roots.slice(1).map(({ name }) => name);
  const also = others.length > 0 ? `; ${others.join(', ')} failed as well and may need a recovery of its own` : '';
  return {
    component,
    failure: found,
    path: root.path,
    reason: `${root.path.join(' needs ')}, and of these ${root.name} is the one that fails without a failing dependency${also}`,
  };
}
