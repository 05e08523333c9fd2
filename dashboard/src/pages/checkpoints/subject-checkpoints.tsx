import { useState } from 'react';
import { problemOf, type Api } from '../../api/client.ts';
import type { Answer, CheckpointRecord, Problem } from '../../api/types.ts';
import { Actions } from '../../parts/actions.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { Age } from '../../parts/time.tsx';
import { useRefusal, useSession } from '../../state/session.tsx';
import { useResource } from '../../state/use-resource.ts';
import { formatBytes, plural } from '../../words/format.ts';
import { CHECKPOINT_LOOKS } from '../../words/statuses.ts';
import { CheckpointFacts } from './checkpoint-facts.tsx';
import { DiffSheet } from './diff-sheet.tsx';
import { RestoreSheet } from './restore-sheet.tsx';

type List = Answer<'listCheckpoints'>;
type Shown =
  { kind: 'diff'; from: CheckpointRecord; to: CheckpointRecord } | { kind: 'restore'; id: string } | { kind: 'undo' };

const listOf = (subject: string) => (api: Api, signal: AbortSignal) =>
  api.get<List>('/api/v1/checkpoints', { subject, limit: 100 }, signal);

/** The checkpoints of one subject as a timeline, newest first. */
export function SubjectCheckpoints({ subject }: { subject: string }) {
  const { api } = useSession();
  const refusal = useRefusal();
  const list = useResource(`checkpoints ${subject}`, listOf(subject));
  const [chosen, setChosen] = useState<string>();
  const [shown, setShown] = useState<Shown>();
  const [checking, setChecking] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  if (list.loading) return <Loading what={subject} />;
  if (!list.data) return list.problem ? <ProblemCard problem={list.problem} onRetry={list.reload} /> : null;
  const { items, nextCursor } = list.data;
  const hasBackup = items.some(({ info }) => info.type === 'recovery');

  async function verify(id: string): Promise<void> {
    setChecking(id);
    setProblem(undefined);
    try {
      const path = `/api/v1/checkpoints/${id}/verify`;
      const record = await api.send<CheckpointRecord>('POST', path, { level: 'full' }, { subject });
      list.change((data) => ({ ...data, items: data.items.map((item) => (item.info.id === id ? record : item)) }));
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setChecking(undefined);
    }
  }

  return (
    <section className="stack" aria-labelledby="subject">
      <div className="page-head">
        <h2 id="subject">{subject}</h2>
        <span className="muted">{plural(items.length, 'checkpoint')}</span>
      </div>
      <Actions
        acts={[
          {
            label: 'Undo the last restore',
            onClick: () => setShown({ kind: 'undo' }),
            refused: refusal('previewUndo') ?? (hasBackup ? undefined : 'nothing has been restored here yet'),
          },
        ]}
      />
      {problem && <ProblemCard problem={problem} />}
      {items.length === 0 && <p className="empty">This subject has no checkpoints.</p>}
      <ol className="checkpoints">
        {items.map((record, index) => {
          const { info, state, createdAt, fileCount, totalBytes } = record;
          const before = items[index + 1];
          const open = chosen === info.id;
          return (
            <li key={info.id} className="card">
              <div className="action-row">
                <Badge look={CHECKPOINT_LOOKS[state]} />
                <button
                  type="button"
                  className="link"
                  aria-expanded={open}
                  onClick={() => setChosen(open ? undefined : info.id)}
                >
                  {info.name}
                </button>
                <span className="muted">
                  {info.type} · <Age at={createdAt} /> ago · {plural(fileCount, 'file')}, {formatBytes(totalBytes)}
                </span>
              </div>
              {record.stateReason !== undefined && <p className="refused">{record.stateReason}</p>}
              {open && (
                <div className="stack">
                  <CheckpointFacts record={record} />
                  <Actions
                    busy={checking !== undefined}
                    acts={[
                      {
                        label: checking === info.id ? 'Verifying…' : 'Verify',
                        onClick: () => void verify(info.id),
                        refused: refusal('verifyCheckpoint'),
                      },
                      {
                        label: 'Compare with the one before',
                        onClick: () => before && setShown({ kind: 'diff', from: before, to: record }),
                        refused: before ? undefined : 'it is the oldest one',
                      },
                      {
                        label: 'Restore…',
                        onClick: () => setShown({ kind: 'restore', id: info.id }),
                        refused:
                          refusal('previewRollback') ??
                          (state === 'complete' || state === 'partial'
                            ? undefined
                            : `it is ${CHECKPOINT_LOOKS[state].word}`),
                      },
                    ]}
                  />
                </div>
              )}
            </li>
          );
        })}
      </ol>
      {nextCursor !== null && <p className="muted">Older ones: rerail checkpoint list --subject {subject}</p>}
      {shown?.kind === 'diff' && (
        <DiffSheet subject={subject} from={shown.from} to={shown.to} all={items} onClose={() => setShown(undefined)} />
      )}
      {(shown?.kind === 'restore' || shown?.kind === 'undo') && (
        <RestoreSheet
          subject={subject}
          checkpoint={shown.kind === 'restore' ? shown.id : undefined}
          onClose={() => setShown(undefined)}
          onDone={list.reload}
        />
      )}
    </section>
  );
}
