import { appendFileSync } from 'node:fs';

const { RERAIL_BROKEN_PLAYBOOKS: playbooks, RERAIL_BROKEN_BLIND: blind, RERAIL_BROKEN_MARK: mark } = process.env;

/** What is read instead of what, in which module. */
const PATCHES = [
  {
    // As the built-in ones: users' playbooks are chosen by other rules.
    name: 'playbooks',
    module: '/dist/config/load-playbooks.js',
    from: "fileURLToPath(new URL('../../playbooks', import.meta.url))",
    to: JSON.stringify(playbooks),
    wanted: playbooks !== undefined,
  },
  {
    // A playbook cannot do so by itself: the probes of the failure are always looked at.
    name: 'blind',
    module: '/dist/planner/build-plan.js',
    from: 'verify: { ...spec.verify, probes: unique }',
    to: 'verify: { ...spec.verify, probes: [] }',
    wanted: blind !== undefined,
  },
];

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  const patch = PATCHES.find(({ module, wanted }) => wanted && url.endsWith(module));
  if (!patch) return loaded;
  const source = String(loaded.source);
  if (!source.includes(patch.from))
    throw new Error(`${url} does not say "${patch.from}" any more: mend ${import.meta.url}`);
  if (mark) appendFileSync(mark, `${patch.name}\n`);
  return { ...loaded, source: source.replace(patch.from, () => patch.to) };
}
