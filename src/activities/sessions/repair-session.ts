import type { SessionSpec } from '../../domain/session.ts';
import {
  addPane,
  addWindow,
  applyLayout,
  finishPane,
  paneCommand,
  startDirectory,
  typeCommand,
  type Builder,
} from './build-session.ts';
import { lookAtSession } from './check-session.ts';
import type { WindowDifference } from './compare-session.ts';
import type { RestorableSession } from './find-baseline.ts';
import type { RestoreOrder, SessionChange } from './recreate-session.ts';
import { RerailError } from '../../domain/errors.ts';
import type { Tmux } from './tmux.ts';

/** Puts the missing panes where they were, each after the one that stood before it. */
async function addMissing(builder: Builder, { captured, present, missing }: WindowDifference): Promise<void> {
  let living = [...(present?.panes ?? [])];
  for (const pane of missing) {
    const place = captured.panes.indexOf(pane);
    const target = living[Math.min(Math.max(place - 1, 0), living.length - 1)];
    if (!target) return;
    // Without room nothing can be split: equal parts first, the layout comes at the end.
    if (present) await builder.tmux.ask(['select-layout', '-t', present.id, 'tiled']);
    const made = await addPane(builder, pane, target.id, place === 0);
    await finishPane(builder, pane, made);
    living = living.toSpliced(place, 0, { ...pane, id: made.pane_id });
  }
}

async function repairWindow(builder: Builder, sessionId: string, difference: WindowDifference): Promise<string[]> {
  const { captured, present, missing, dead, otherLayout } = difference;
  const window = `window ${captured.index} ${JSON.stringify(captured.name)}`;
  if (!present) {
    await addWindow(builder, sessionId, captured);
    return [`${window} was added`];
  }
  await addMissing(builder, difference);
  for (const pane of dead) {
    const { id } = pane.present;
    await builder.tmux.run([
      ...['respawn-pane', '-t', id],
      ...(await startDirectory(builder, pane.captured)),
      ...(await paneCommand(builder, pane.captured)),
    ]);
    const pid = await builder.tmux.run(['display-message', '-p', '-t', id, '#{pane_pid}']);
    await typeCommand(builder, pane.captured, { pane_id: id, pane_pid: pid.trim() });
  }
  if (missing.length > 0 || otherLayout) await applyLayout(builder, present.id, captured);
  return [
    ...(missing.length > 0 ? [`${missing.length} panes were added to ${window}`] : []),
    ...(dead.length > 0 ? [`${dead.length} dead panes of ${window} were started again`] : []),
    ...(otherLayout ? [`${window} got its layout back`] : []),
  ];
}

/**
 * Adds what a session lacks of its checkpoint; what lives in it goes on undisturbed (requirement 6.1). May be repeated.
 * Throws `session-not-found` when there is no session left to repair.
 */
export async function repairSession(
  tmux: Tmux,
  spec: SessionSpec,
  checkpoint: RestorableSession,
  { key, directory, begin }: RestoreOrder,
): Promise<SessionChange> {
  const { session, differences, reading } = await lookAtSession(tmux, spec, checkpoint);
  if (!session)
    throw new RerailError('session-not-found', `There is nothing to repair: ${reading.problems.join('; ')}`, {
      remedy: 'Make it again from its checkpoint: `rerail session restore`, or the failure type crashed.',
      nonRetryable: true,
    });
  const notes: string[] = [];
  const common = { session: session.name, checkpointId: checkpoint.checkpointId, notes };
  if (differences.length === 0)
    return { ...common, outcome: 'nothing to do', changes: [], undo: 'none: nothing was changed' };
  const builder: Builder = {
    tmux,
    spec,
    key,
    directory,
    scrollback: (await checkpoint.dump()).scrollback,
    shell: checkpoint.state.options?.defaultShell ?? '/bin/sh',
    notes,
  };
  const changes: string[] = [];
  await begin?.();
  for (const difference of differences) changes.push(...(await repairWindow(builder, session.id, difference)));
  return { ...common, outcome: 'repaired', changes, undo: 'removes the windows and panes that were added' };
}
