import { useId, useState } from 'react';
import type { Answer, CheckpointRecord } from '../../api/types.ts';
import { Loading, ProblemCard } from '../../parts/problem-card.tsx';
import { Sheet } from '../../parts/sheet.tsx';
import { useResource } from '../../state/use-resource.ts';
import { formatMoment, plural } from '../../words/format.ts';
import { ChangeList } from '../recovery/impact-list.tsx';

interface DiffSheetProps {
  subject: string;
  from: CheckpointRecord;
  to: CheckpointRecord;
  all: readonly CheckpointRecord[];
  onClose: () => void;
}

const nameOf = ({ info, createdAt }: CheckpointRecord): string => `${info.name} (${formatMoment(createdAt)})`;

export function DiffSheet({ subject, from, to, all, onClose }: DiffSheetProps) {
  const [ids, setIds] = useState({ from: from.info.id, to: to.info.id });
  const id = useId();
  const diff = useResource(`diff ${ids.from} ${ids.to}`, (api, signal) =>
    api.get<Answer<'diffCheckpoints'>>(`/api/v1/checkpoints/${ids.from}/diff`, { subject, to: ids.to }, signal),
  );
  const choice = (end: 'from' | 'to', label: string) => (
    <div>
      <label htmlFor={`${id}-${end}`}>{label}</label>
      <select id={`${id}-${end}`} value={ids[end]} onChange={(event) => setIds({ ...ids, [end]: event.target.value })}>
        {all.map((record) => (
          <option key={record.info.id} value={record.info.id}>
            {nameOf(record)}
          </option>
        ))}
      </select>
    </div>
  );
  return (
    <Sheet title="Compare two checkpoints" onClose={onClose} wide>
      <div className="stack">
        {choice('from', 'From')}
        {choice('to', 'To')}
        {diff.loading && <Loading what="the difference" />}
        {diff.problem && <ProblemCard problem={diff.problem} onRetry={diff.reload} />}
        {diff.data && (
          <>
            <p>
              {plural(diff.data.changesTotal, 'path')} differ, {diff.data.unchanged} are the same.
            </p>
            <ChangeList changes={diff.data.changes} total={diff.data.changesTotal} />
            {diff.data.parts.map(({ part, change }) => (
              <p key={part}>
                part {part}: {change}
              </p>
            ))}
          </>
        )}
      </div>
    </Sheet>
  );
}
