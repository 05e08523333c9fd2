import type { CheckpointRecord } from '../../api/types.ts';
import { formatBytes, formatMoment } from '../../words/format.ts';

export function CheckpointFacts({ record }: { record: CheckpointRecord }) {
  const { info } = record;
  const rows: [string, string | undefined][] = [
    ['Id', info.id],
    ['Taken', `${formatMoment(record.createdAt)} on ${record.host}`],
    ['Root', record.root],
    ['Parts', record.parts.join(', ')],
    ['Phase', info.phase],
    ['Tags', info.tags.length > 0 ? info.tags.join(', ') : undefined],
    ['New in the store', formatBytes(record.newBytes)],
    ['Left out', record.skipped > 0 ? `${record.skipped} entries could not be captured` : undefined],
    [
      'Verified',
      record.lastVerifiedAt ? `${formatMoment(record.lastVerifiedAt)} (${record.verifyLevel ?? 'full'})` : 'never',
    ],
    ['Copy', record.replica ? `since ${formatMoment(record.replica.replicatedAt)}` : undefined],
    ['Git', record.gitHead ?? undefined],
    ['Checksum', record.checksum],
    ['Description', info.description === '' ? undefined : info.description],
  ];
  return (
    <dl className="facts">
      {rows.map(([term, text]) =>
        text === undefined ? null : (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{term === 'Id' || term === 'Checksum' || term === 'Root' ? <code>{text}</code> : text}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
