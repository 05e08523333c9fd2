import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { glob } from 'tinyglobby';
import { loadPlaybooks } from '../config/load-playbooks.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { FailureSchema } from '../domain/failure.schema.ts';
import type { Failure } from '../domain/failure.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import { makePlan, type MadePlan } from '../planner/make-plan.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Keeps the playbooks in memory and reads users' folders again when a file in them has changed. */
export function createPlaybookSource(folders: readonly string[]): () => Promise<LoadedPlaybook[]> {
  let loaded: Promise<LoadedPlaybook[]> | undefined;
  let signature = '';
  const sign = async (): Promise<string> => {
    const files = (await Promise.all(folders.map((cwd) => glob('**/*.{yaml,yml}', { cwd, absolute: true }))))
      .flat()
      .sort();
    const stats = await Promise.all(files.map((file) => stat(file)));
    return stats.map(({ mtimeMs, size, ino }, index) => `${files[index]} ${mtimeMs} ${size} ${ino}`).join('\n');
  };
  return async () => {
    const now = folders.length === 0 ? 'built-in' : await sign();
    if (loaded && now === signature) return loaded;
    signature = now;
    loaded = loadPlaybooks(folders);
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
}

export interface PlanningDeps {
  playbooks: () => Promise<LoadedPlaybook[]>;
  /** Newest first; empty for a subject without a ledger. */
  listCheckpoints: (subject: string) => Promise<CheckpointRecord[]>;
  defaultHost: string;
}

export interface MakePlanRequest {
  failure: Failure;
  playbook?: string;
  inputs?: Record<string, Json>;
}

export async function planRecovery(request: MakePlanRequest, deps: PlanningDeps): Promise<MadePlan> {
  const failure = FailureSchema.parse(request.failure);
  const [playbooks, checkpoints] = await Promise.all([
    deps.playbooks(),
    failure.subject ? deps.listCheckpoints(failure.subject) : [],
  ]);
  return makePlan({
    ...request,
    failure,
    playbooks,
    checkpoints,
    defaultHost: deps.defaultHost,
    id: `plan_${randomUUID()}`,
    now: new Date().toISOString(),
    sha256,
  });
}
