import { readlink } from 'node:fs/promises';
import { argvOf, membersOf, statOf } from '../../process/proc.ts';

export interface Foreground {
  argv: string[];
  isPane: boolean;
  /** Of the pane's own process: tmux knows none while a program is being started. */
  cwd: string;
}

/** What has the terminal of a pane: the leader of the foreground group, or who is left of it. */
export async function foregroundOf(
  rows: readonly { pane_id: string; pane_pid: string }[],
): Promise<Map<string, Foreground>> {
  const panes = await Promise.all(
    rows.map(async (row) => ({ id: row.pane_id, own: await statOf(Number(row.pane_pid)) })),
  );
  const groups = new Set(panes.flatMap(({ own }) => (own && own.foregroundGroup > 0 ? [own.foregroundGroup] : [])));
  const members = await membersOf(groups);
  const found = panes.map(async ({ id, own }): Promise<[string, Foreground]> => {
    const group = members.get(own?.foregroundGroup ?? -1) ?? [];
    const chosen = group.find(({ pid }) => pid === own?.foregroundGroup) ?? group[0];
    const argv = chosen ? await argvOf(chosen.pid) : [];
    const cwd = own ? await readlink(`/proc/${own.pid}/cwd`).catch(() => '') : '';
    return [id, { argv, isPane: chosen?.pid === own?.pid, cwd }];
  });
  return new Map(await Promise.all(found));
}
