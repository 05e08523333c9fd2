import type { PaneState, SessionState, TerminalSession, WindowState } from '../../domain/session.ts';
import { hasLayout } from './compare-layout.ts';

export interface WindowDifference {
  captured: WindowState;
  /** Undefined: the window is gone. */
  present: WindowState | undefined;
  missing: PaneState[];
  /** Panes whose command has ended and that were alive when they were captured, with what they were. */
  dead: { present: PaneState; captured: PaneState }[];
  otherLayout: boolean;
}

type Server = SessionState['server'];

/** Ids mean the same thing only on the same server. */
const isSameServer = (a: Server, b: Server): boolean =>
  a !== null && b !== null && a.pid === b.pid && a.startTime === b.startTime;

/** Captured panes with those that stand for them: by id, on another server by their order. */
function pairPanes(
  captured: WindowState,
  present: WindowState,
  byId: boolean,
): { captured: PaneState; present: PaneState | undefined }[] {
  return captured.panes.map((pane, place) => ({
    captured: pane,
    present: byId ? present.panes.find(({ id }) => id === pane.id) : present.panes[place],
  }));
}

function compareWindow(captured: WindowState, present: WindowState | undefined, byId: boolean): WindowDifference {
  if (!present) return { captured, present, missing: captured.panes, dead: [], otherLayout: false };
  // A window that was made anew has new panes on the same server.
  const known = byId && present.id === captured.id;
  const pairs = pairPanes(captured, present, known);
  // What a person has put in the place of a pane is theirs: only too few panes are damage.
  const lacking = Math.max(0, captured.panes.length - present.panes.length);
  const missing = pairs.flatMap((pair) => (pair.present ? [] : [pair.captured])).slice(0, lacking);
  const dead = pairs.flatMap((pair) =>
    pair.present?.dead && !pair.captured.dead ? [{ present: pair.present, captured: pair.captured }] : [],
  );
  const samePanes = present.panes.length === captured.panes.length;
  return { captured, present, missing, dead, otherLayout: samePanes && !hasLayout(present, captured) };
}

/** What the present session lacks of the captured one. Windows and panes that were added since are no difference. */
export function compareSession(
  captured: { session: TerminalSession; server: Server },
  present: { session: TerminalSession; server: Server },
): WindowDifference[] {
  const byId = isSameServer(captured.server, present.server);
  const free = new Set(present.session.windows);
  const takeFirst = (fits: (window: WindowState) => boolean): WindowState | undefined => {
    const found = [...free].find(fits);
    if (found) free.delete(found);
    return found;
  };
  const known = new Map(
    captured.session.windows.map((window) => [window, byId ? takeFirst(({ id }) => id === window.id) : undefined]),
  );
  return captured.session.windows
    .map((window) => {
      const found = known.get(window) ?? takeFirst(({ index }) => index === window.index);
      return compareWindow(window, found, byId);
    })
    .filter(
      ({ present: found, missing, dead, otherLayout }) => !found || otherLayout || missing.length + dead.length > 0,
    );
}

/** Each difference in words. */
export function describeDifferences(differences: readonly WindowDifference[]): string[] {
  return differences.flatMap(({ captured, present, missing, dead, otherLayout }) => {
    const window = `window ${captured.index} ${JSON.stringify(captured.name)}`;
    if (!present) return [`${window} is missing`];
    return [
      ...(missing.length > 0 ? [`${window} has ${present.panes.length} of ${captured.panes.length} panes`] : []),
      ...dead.map((pane) => `pane ${pane.present.id} of ${window} is dead`),
      ...(otherLayout ? [`${window} has another layout`] : []),
    ];
  });
}
