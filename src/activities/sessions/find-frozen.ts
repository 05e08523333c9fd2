import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../domain/errors.ts';
import type { PaneState } from '../../domain/session.ts';
import { membersOf, statOf } from '../../process/proc.ts';
import { ANSWER_MS } from './tmux.ts';

export interface FrozenPane {
  pane: PaneState;
  /** Stopped processes that have the terminal, or are the pane itself. A job that a person put aside has not. */
  stopped: number[];
  /** Output is held by C-s. */
  held: boolean;
}

const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;
const LOOK_EVERY_MS = 50;

/**
 * Whether the terminal takes output. The only sign that C-s leaves is that a write would have to wait, so one NUL is
 * written, which every terminal passes over. A terminal that is only busy takes it within the time.
 */
async function isHeld(tty: string, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const file = await open(tty, O_WRONLY | O_NOCTTY | O_NONBLOCK).catch((error: unknown) => {
      // The pane is gone: nothing is held any more.
      if (['ENOENT', 'EIO', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    });
    if (!file) return false;
    try {
      await file.write('\0');
      return false;
    } catch (error) {
      if (codeOf(error) === 'EIO') return false;
      if (codeOf(error) !== 'EAGAIN') throw error;
    } finally {
      await file.close();
    }
    if (Date.now() >= deadline) return true;
    await sleep(LOOK_EVERY_MS);
  }
}

async function stoppedIn(panes: readonly PaneState[]): Promise<Map<string, number[]>> {
  const own = await Promise.all(panes.map(async (pane) => ({ pane, stat: await statOf(pane.pid) })));
  const members = await membersOf(new Set(own.flatMap(({ stat }) => (stat ? [stat.foregroundGroup] : []))));
  return new Map(
    own.map(({ pane, stat }) => {
      const all = [...(stat ? [stat] : []), ...(members.get(stat?.foregroundGroup ?? -1) ?? [])];
      const stopped = all.filter(({ state }) => state === 'T' || state === 't').map(({ pid }) => pid);
      return [pane.id, [...new Set(stopped)]];
    }),
  );
}

/** The panes that do not answer, and why (requirement 6.1). */
export async function findFrozen(panes: readonly PaneState[], withinMs = ANSWER_MS / 2): Promise<FrozenPane[]> {
  const living = panes.filter(({ dead }) => !dead);
  const [stopped, held] = await Promise.all([
    stoppedIn(living),
    Promise.all(living.map(async ({ id, tty }) => ((await isHeld(tty, withinMs)) ? [id] : []))),
  ]);
  const holding = new Set(held.flat());
  return living
    .map((pane) => ({ pane, stopped: stopped.get(pane.id) ?? [], held: holding.has(pane.id) }))
    .filter((found) => found.held || found.stopped.length > 0);
}

/** In words, with how it was seen. */
export const describeFrozen = (frozen: readonly FrozenPane[]): string[] =>
  frozen.flatMap(({ pane, stopped, held }) => [
    ...stopped.map((pid) => `process ${pid} in pane ${pane.id} is stopped (state T)`),
    ...(held ? [`the terminal of pane ${pane.id} takes no output (held by C-s)`] : []),
  ]);
