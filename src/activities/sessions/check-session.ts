import { isRerailError } from '../../domain/errors.ts';
import type {
  SessionHealth,
  SessionReading,
  SessionSpec,
  SessionState,
  TerminalSession,
} from '../../domain/session.ts';
import { compareSession, describeDifferences, type WindowDifference } from './compare-session.ts';
import { describeFrozen, findFrozen, type FrozenPane } from './find-frozen.ts';
import { listSessionState, type ListedState } from './list-session-state.ts';
import type { Tmux } from './tmux.ts';

/** What a session is compared with. */
export interface Baseline {
  checkpointId: string;
  state: SessionState;
}

export interface Looked {
  reading: SessionReading;
  listed?: ListedState;
  session?: TerminalSession;
  frozen: FrozenPane[];
  differences: WindowDifference[];
}

/** The captured session that this definition is about. */
export const capturedSession = (
  state: SessionState,
  { name }: Pick<SessionSpec, 'name'>,
): TerminalSession | undefined =>
  state.sessions.find((session) => session.name === name.replaceAll(/[.:]/g, '_')) ??
  (state.sessions.length === 1 ? state.sessions[0] : undefined);

type Wanted = Pick<SessionSpec, 'name' | 'client'>;

const asText = (text: string): string => text;

/** Looks once (requirement 6.1), and says all that is wrong; the worst of it is the health. Changes nothing. */
export async function lookAtSession(tmux: Tmux, spec: Wanted, baseline: Baseline | undefined): Promise<Looked> {
  const checkpointId = baseline?.checkpointId ?? null;
  const found = (health: SessionHealth, problems: string[], more: Partial<Looked> = {}): Looked => ({
    frozen: [],
    differences: [],
    ...more,
    reading: {
      health,
      problems,
      observed: health === 'healthy' ? (problems[0] ?? 'healthy') : `${health}: ${problems.join('; ')}`,
      checkpointId,
    },
  });
  let listed: ListedState | undefined;
  try {
    listed = await listSessionState(tmux, [spec.name], asText);
  } catch (error) {
    if (!isRerailError(error) || error.details['outcome'] !== 'no-answer') throw error;
    return found('frozen', [error.message]);
  }
  const [session] = listed?.sessions ?? [];
  if (!listed || !session)
    return found('crashed', [
      `there is no session ${JSON.stringify(spec.name)} at ${tmux.socket ?? 'the default socket'} of tmux`,
    ]);
  const frozen = await findFrozen(session.windows.flatMap(({ panes }) => panes));
  const captured = baseline && capturedSession(baseline.state, spec);
  const differences =
    captured && baseline
      ? compareSession({ session: captured, server: baseline.state.server }, { session, server: listed.server })
      : [];
  const more = { listed, session, frozen, differences };
  if (frozen.length > 0) return found('frozen', describeFrozen(frozen), more);
  // Without anything to compare with, a pane whose command has ended is still a dead one.
  const dead = captured ? [] : deadPanes(session);
  if (differences.length + dead.length > 0)
    return found('corrupted', [...describeDifferences(differences), ...dead], more);
  if (spec.client && session.attached === 0) return found('disconnected', ['nobody is attached'], more);
  const windows = session.windows.length;
  const panes = session.windows.reduce((sum, window) => sum + window.panes.length, 0);
  return found('healthy', [`${windows} windows, ${panes} panes, ${session.attached} attached`], more);
}

const deadPanes = ({ windows }: TerminalSession): string[] =>
  windows.flatMap(({ index, panes }) =>
    panes.filter(({ dead }) => dead).map(({ id }) => `pane ${id} of window ${index} is dead`),
  );
