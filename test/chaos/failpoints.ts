import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/node-command.ts';

/** Where a kill at each named place is tried: the scene, and at which time of passing there. */
export const FAILPOINTS: Readonly<Record<string, { scene: string; passing?: number }>> = {
  'capture.scanned': { scene: 'capture' },
  'put.content': { scene: 'capture', passing: 2 },
  'put.before-done': { scene: 'incremental capture' },
  'put.before-read-back': { scene: 'capture' },
  'put.before-publish': { scene: 'incremental capture' },
  'put.after-publish': { scene: 'capture' },
  'restore.planned': { scene: 'full restore' },
  'restore.backed-up': { scene: 'full restore' },
  'restore.system': { scene: 'full restore' },
  'restore.stage-file': { scene: 'full restore', passing: 2 },
  'restore.before-commit': { scene: 'full restore' },
  'restore.after-commit': { scene: 'full restore' },
  'restore.step.remove': { scene: 'full restore', passing: 3 },
  'restore.step.mkdir': { scene: 'full restore' },
  'restore.step.place': { scene: 'full restore', passing: 2 },
  'restore.step.attributes': { scene: 'full restore' },
  'restore.artifact-placed': { scene: 'restore with artifacts' },
  'restore.before-git': { scene: 'restore with git' },
  'restore.before-clean': { scene: 'undo' },
  'restore.before-end': { scene: 'selective restore' },
  'import.before-adopt': { scene: 'replica import' },
  'import.before-publish': { scene: 'replica import' },
  'repair.before-quarantine': { scene: 'repair' },
  'sweep.before-remove': { scene: 'sweep' },
  'sweep.index-removed': { scene: 'sweep' },
};

/** Names that are put together at run time, with what they stand for. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  'restore.step.${step.do}': ['remove', 'mkdir', 'place', 'attributes'].map((step) => `restore.step.${step}`),
};

/** Every name that the source passes to a failpoint. */
export function listFailpoints(folder = join(projectRoot, 'src')): string[] {
  const names = new Set<string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    for (const [, , name = ''] of readFileSync(join(folder, path), 'utf8').matchAll(/failpoint\((['"`])(.+?)\1\)/g))
      for (const one of FAMILIES[name] ?? [name]) names.add(one);
  }
  return [...names].sort();
}
