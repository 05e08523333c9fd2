import type { StateParts } from '../../domain/checkpoint.ts';
import { toMs } from '../../domain/duration.ts';
import { RerailError } from '../../domain/errors.ts';
import { RestoreResultSchema } from '../../domain/rollback.schema.ts';
import type { RestoreOptions, RestoreResult, RestoreScope, RestoreStrategy } from '../../domain/rollback.schema.ts';
import { compareTree } from '../files/compare-tree.ts';
import { describePlan, withinBytes } from '../files/describe-plan.ts';
import { compareGit } from '../git/restore-git.ts';
import { readGitState } from '../git/read-git-state.ts';
import { captureTree } from './capture-checkpoint.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { readState } from './checkpoint-record.ts';
import {
  about,
  gitToMatch,
  invalid,
  parseRestoreInput,
  prepareRestore,
  scanRoot,
  selectFiles,
} from './prepare-restore.ts';
import type { Prepared, RestoreInput } from './prepare-restore.ts';
import { withPhases } from './restore-progress.ts';
import { prepareArtifacts } from './restore-artifacts.ts';
import { prepareSystem } from './restore-system.ts';
import { requirePlan, restoreTree } from './restore-tree.ts';
import type { Beside, Outcome } from './restore-tree.ts';

const LISTED_BYTES = 300_000;
const MISMATCHES = 200;
const LISTED_LOST = 500;

export async function restoreCheckpoint(given: CheckpointContext, raw: RestoreInput): Promise<RestoreResult> {
  const input = parseRestoreInput(raw);
  const { timeout } = input.options;
  if (timeout === undefined) return restore(withPhases(given), input);
  const limit = AbortSignal.timeout(toMs(timeout));
  const signal = given.signal === undefined ? limit : AbortSignal.any([given.signal, limit]);
  return restore(withPhases({ ...given, signal }), input).catch((error: unknown) => {
    if (!limit.aborted || error !== limit.reason) throw error;
    throw new RerailError('timed-out', `The restore of ${input.checkpointId} was not ready within ${timeout}`, {
      remedy: 'Nothing was changed. Give it more time, or restore less of it.',
      nonRetryable: true,
    });
  });
}

async function restore(context: CheckpointContext, input: RestoreInput): Promise<RestoreResult> {
  const startedAt = performance.now();
  const prepared = await prepareRestore(context, input);
  const { manifest, parts, files } = prepared;
  const readable = parts.filter((part) => !prepared.lost.has(`part ${part}`));
  const state = selectState(await readState(context.store, manifest, readable), input.options.scope);
  const dryRun = input.options.dryRun;
  const system = await prepareSystem(context, prepared);
  const planned = await system?.plan();
  const artifacts = await prepareArtifacts(context, prepared, state.artifacts);
  const beside = { system, artifacts };
  const made =
    files === undefined ? await withoutTree(context, prepared, beside) : await restoreTree(context, prepared, beside);
  const outcome = { ...made, plan: { ...made.plan, ...(planned === undefined ? {} : { system: planned }) } };
  const verified = dryRun || files === undefined ? { files: 0, mismatches: [] } : await verify(context, prepared);
  if (!dryRun && system !== undefined) verified.mismatches.push(...(await system.verify()));
  if (!dryRun && artifacts !== undefined) verified.mismatches.push(...(await artifacts.verify()));
  const lost = [...prepared.lost, ...(artifacts?.lost ?? [])];
  const items = [
    ...Object.keys(state).map((part) => ({ type: part, id: part, change: 'returned' })),
    ...outcome.plan.changes.map(({ type, path, change }) => ({ type, id: path, change })),
    ...(planned ?? []).map(({ provider, item, change }) => ({ type: provider, id: item, change })),
    ...(outcome.plan.artifacts ?? []).map(({ id, name, from, to }) => ({
      type: 'artifact',
      id,
      name,
      change: `${from} -> ${to}`,
      previousVersion: from,
      restoredVersion: to,
    })),
    ...(outcome.plan.git === undefined ? [] : [{ type: 'git', id: 'HEAD', change: 'restored' }]),
  ];
  context.progress('complete');
  return RestoreResultSchema.parse({
    success: verified.mismatches.length === 0,
    strategy: strategyOf(input.options),
    checkpointId: input.checkpointId,
    ...(outcome.backupId === undefined ? {} : { backupId: outcome.backupId }),
    manifestSha256: prepared.checksum,
    plan: outcome.plan,
    items: dryRun ? [] : withinBytes(items, LISTED_BYTES),
    errors: verified.mismatches.map((mismatch) => ({ item: 'verification', error: mismatch, recoverable: true })),
    state,
    verified,
    dataLoss: outcome.dataLoss || lost.length > 0,
    lost: lost.slice(0, LISTED_LOST),
    durationMs: Math.round(performance.now() - startedAt),
    timestamp: context.now(),
  } satisfies RestoreResult);
}

/** State alone, and what providers and the artifact store hold: a backup of theirs is made first. */
async function withoutTree(
  context: CheckpointContext,
  prepared: Prepared,
  { system, artifacts }: Beside,
): Promise<Outcome> {
  const { input } = prepared;
  const plan = describePlan({ changes: [], unchanged: 0 }, about(prepared), { artifacts: artifacts?.changes });
  const idle = system === undefined && (artifacts?.changes ?? []).length === 0;
  if (input.options.dryRun || idle) return { plan, dataLoss: false };
  const backup = input.options.createBackup ? input.backup : null;
  if (artifacts !== undefined) {
    requirePlan(input.options, plan);
    await artifacts.keepPresent();
  }
  if (backup !== null && !(await context.store.has(backup.id))) {
    const beside = { providers: system?.names ?? [], artifacts: artifacts !== undefined };
    await captureTree(context, { info: backup.info, ...beside }, undefined);
  }
  await system?.apply();
  await artifacts?.apply();
  return { plan, dataLoss: backup === null, ...(backup === null ? {} : { backupId: backup.id }) };
}

/** Only then must git find the work tree as it was. */
const wholeTree = ({ restoresFiles, input, lost, manifest }: Prepared): boolean =>
  restoresFiles && !Array.isArray(input.options.scope?.files) && lost.size === 0 && manifest.skipped.length === 0;

function strategyOf({ parts, scope }: RestoreOptions): RestoreStrategy {
  if (scope !== undefined && Object.values(scope).some((asked) => Array.isArray(asked))) return 'selective';
  return parts === undefined && scope === undefined ? 'full' : 'partial';
}

function pick<T>(values: Record<string, T>, names: readonly string[], what: string): Record<string, T> {
  const absent = names.filter((name) => !(name in values));
  if (absent.length > 0)
    throw invalid(`The checkpoint has no ${what} ${absent.join(', ')}`, `It has: ${Object.keys(values).join(', ')}.`);
  return Object.fromEntries(names.map((name) => [name, values[name] as T]));
}

/** Of the parts that were asked for, the items that were. */
function selectState(state: StateParts, scope: RestoreScope | undefined): StateParts {
  const selected: StateParts = { ...state };
  if (Array.isArray(scope?.context)) selected.context = pick(state.context ?? {}, scope.context, 'context key');
  if (Array.isArray(scope?.agentStates))
    selected.agentStates = pick(state.agentStates ?? {}, scope.agentStates, 'state of agent');
  if (Array.isArray(scope?.artifacts)) {
    const byId = Object.fromEntries((state.artifacts ?? []).map((artifact) => [artifact.id, artifact]));
    selected.artifacts = Object.values(pick(byId, scope.artifacts, 'artifact'));
  }
  return selected;
}

async function verify(context: CheckpointContext, prepared: Prepared): Promise<RestoreResult['verified']> {
  const scan = await scanRoot(context, prepared, 'verify');
  const { wanted, unknown, scan: found } = selectFiles(prepared, scan);
  const mismatches = compareTree(wanted, unknown, found);
  const git = await readGitState(prepared.root, context.signal);
  if (prepared.restoresGit && prepared.git !== null) {
    mismatches.unshift(...compareGit(prepared.git, git, wholeTree(prepared)));
  } else {
    // Forced over another commit, the restore leaves git where it is: then there is nothing to compare with.
    const captured = prepared.input.options.force ? null : gitToMatch(prepared);
    if (captured !== null && git?.head !== captured.head)
      mismatches.unshift(`git head is ${git?.head ?? 'absent'}, captured ${captured.head ?? 'absent'}`);
  }
  return {
    files: wanted.filter(({ type }) => type !== 'dir').length,
    ...(git === null ? {} : { gitHead: git.head }),
    mismatches: mismatches.slice(0, MISMATCHES),
  };
}
