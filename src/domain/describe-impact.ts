import type { Impact } from './approval.ts';

const SHOWN = 10;

/** What the rollbacks of a plan would change, a line each. */
export function describeImpact({ rollbacks, unknown }: Impact): string[] {
  if (unknown !== undefined) return [`cannot be said: ${unknown}`];
  return rollbacks.flatMap(({ checkpointId, root, changes, changesTotal, git, system = [], artifacts = [] }) => [
    `${changesTotal} files in ${root}, by checkpoint ${checkpointId}`,
    ...changes.slice(0, SHOWN).map(({ change, path }) => `  ${change} ${path}`),
    ...(changesTotal > SHOWN ? [`  and ${changesTotal - SHOWN} more`] : []),
    ...(git ? ['  the place of its git repository'] : []),
    ...system.map(({ provider, item, change }) => `  ${provider}: ${change} ${item}`),
    ...artifacts.map(({ name, from, to }) => `  artifact ${name}: ${from} to ${to}`),
  ]);
}
