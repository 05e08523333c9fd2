import type { Artifact } from '../../domain/artifact.ts';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { Paint } from './output.ts';
import { formatBytes, paintStatus } from './render.ts';
import { renderTable } from './table.ts';

export function renderCheckpoints(paint: Paint, records: readonly CheckpointRecord[]): string {
  if (records.length === 0) return paint.dim('There are no checkpoints. Make one with `rerail checkpoint create`.');
  const rows = records.map(({ info, state, createdAt, fileCount, totalBytes, host }) => [
    info.id,
    info.type,
    info.name,
    paintStatus(paint, state),
    String(fileCount),
    formatBytes(totalBytes),
    paint.time(createdAt),
    host,
    info.subject,
  ]);
  return renderTable(paint, ['id', 'type', 'name', 'state', 'files', 'size', 'created', 'host', 'subject'], rows);
}

/** Everything that is known of one, a line each. */
export function renderCheckpoint(paint: Paint, record: CheckpointRecord): string {
  const { info, state, stateReason, verifyLevel, lastVerifiedAt, replica } = record;
  const { description, tags, phase, phaseIndex, agent, stepName, errorMessage, parentId, workflowId } = info;
  const rows: [string, string | undefined | null][] = [
    ['name', info.name],
    ['type', info.type],
    ['description', description],
    ['tags', tags.join(', ')],
    ['phase', phase === undefined || phaseIndex === undefined ? phase : `${phase} (${phaseIndex})`],
    ['step', stepName],
    ['agent', agent],
    ['error', errorMessage],
    ['created', `${paint.time(record.createdAt)}, in ${Math.round(record.durationMs)} ms`],
    ['host', record.host],
    ['root', record.root],
    ['parts', record.parts.join(', ')],
    ['files', `${record.fileCount}, ${formatBytes(record.totalBytes)} (${formatBytes(record.newBytes)} new)`],
    ['not captured', record.skipped === 0 ? undefined : String(record.skipped)],
    ['git head', record.gitHead],
    ['verified', lastVerifiedAt && `${lastVerifiedAt}, ${verifyLevel ?? 'full'}`],
    ['copy', replica && `${replica.key}, ${formatBytes(replica.size)}`],
    ['made from', parentId],
    ['workflow', workflowId],
    ['checksum', record.checksum],
  ];
  const said = rows.flatMap(([name, value]) => (value ? [`  ${paint.dim(name.padEnd(12))}  ${value}`] : []));
  const head = `${paint.bold(info.id)} of ${info.subject}: ${paintStatus(paint, state)}`;
  return [head, ...(stateReason ? [`  ${stateReason}`] : []), ...said].join('\n');
}

export function renderArtifacts(paint: Paint, artifacts: readonly Artifact[]): string {
  if (artifacts.length === 0) return paint.dim('There are no artifacts. Save one with `rerail artifact save`.');
  const rows = artifacts.flatMap(({ name, type, current, versions }) =>
    versions.map(({ version, size, sha256, savedAt, storagePath }) => [
      name,
      type,
      version === current ? paint.bold(`${version} (current)`) : version,
      formatBytes(size),
      sha256.slice(0, 12),
      savedAt,
      storagePath,
    ]),
  );
  return renderTable(paint, ['name', 'type', 'version', 'size', 'sha256', 'saved', 'path'], rows);
}
