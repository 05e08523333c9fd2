import { z } from 'zod';
import type { CheckpointInfo, Manifest } from '../../domain/checkpoint.ts';
import { JsonSchema } from '../../domain/names.schema.ts';
import { SessionDumpSchema, SessionStateSchema } from '../../domain/session.schema.ts';
import type { SessionDump, SessionSpec } from '../../domain/session.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { capturedSession, type Baseline } from './check-session.ts';
import { subjectOfSession } from './session-names.ts';

/** A session as it was captured, with what a restore needs of it. */
export interface RestorableSession extends Baseline {
  dump(): Promise<SessionDump>;
}

/** A checkpoint with a session in it, as far as it has been read. */
export interface SessionCheckpoint extends RestorableSession {
  info: CheckpointInfo;
  createdAt: string;
  root: string | undefined;
  hasGit: boolean;
}

/** Valid checkpoints of a subject, newest first; without a ledger the store itself is asked. */
export type ListCheckpoints = (subject: string) => Promise<{ id: string }[]>;

/** Further back nobody looks for a session. */
const LOOKED_AT = 500;

const SystemSchema = z.record(z.string(), z.object({ kind: z.string(), state: JsonSchema }));

/** The session in one checkpoint; undefined where it holds none of this name. Throws `checkpoint-corrupt`. */
export async function readSessionCheckpoint(
  store: CheckpointStore,
  id: string,
  spec: Pick<SessionSpec, 'name'>,
  known?: Manifest,
): Promise<SessionCheckpoint | undefined> {
  const manifest = known ?? (await store.manifest(id));
  if (!('system' in manifest.parts)) return undefined;
  const system = SystemSchema.parse(await store.part(id, 'system'));
  for (const [provider, { kind, state: raw }] of Object.entries(system)) {
    if (kind !== 'session') continue;
    const state = SessionStateSchema.parse(raw);
    if (!capturedSession(state, spec)) continue;
    // The manifest itself, which may be of a large tree, is not kept with what is found.
    const digest = manifest.blobs?.[`provider/${provider}`]?.sha256 ?? '';
    return {
      checkpointId: id,
      info: manifest.info,
      createdAt: manifest.createdAt,
      root: manifest.scope?.root,
      hasGit: 'git' in manifest.parts,
      state,
      async dump() {
        const chunks: Uint8Array[] = [];
        await store.readContent(id, [digest], async (_digest, content) => {
          for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
        });
        return SessionDumpSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      },
    };
  }
  return undefined;
}

/** What a checkpoint is worth to a session; it never changes. */
type Use = 'good' | 'broken' | 'none';

const REMEMBERED = 10_000;

export type FindBaseline = (
  store: CheckpointStore,
  spec: Pick<SessionSpec, 'name' | 'subject'>,
  list?: ListCheckpoints,
) => Promise<SessionCheckpoint | undefined>;

/**
 * Finds the last good checkpoint of a session. What was saved in the middle of a recovery is of a broken one, and is taken only
 * where there is nothing else. Each checkpoint is read once and remembered, so that a look costs the same however many there are.
 */
export function createFindBaseline(): FindBaseline {
  const known = new Map<string, Use>();
  const last = new Map<string, { key: string; found: SessionCheckpoint | undefined }>();
  const remember = (key: string, use: Use): void => {
    known.set(key, use);
    if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? '');
  };
  /** Without a ledger there are those of others as well: one that cannot be read is passed over. */
  const look = async (
    store: CheckpointStore,
    id: string,
    spec: Pick<SessionSpec, 'name' | 'subject'>,
    mayBeForeign: boolean,
  ): Promise<Use | undefined> => {
    const manifest = mayBeForeign ? await store.manifest(id).catch(() => undefined) : await store.manifest(id);
    if (!manifest) return undefined;
    const { subject, type } = manifest.info;
    if (subject !== subjectOfSession(spec)) return 'none';
    const found = await readSessionCheckpoint(store, id, spec, manifest);
    if (!found) return 'none';
    return type === 'recovery' ? 'broken' : 'good';
  };
  return async (store, spec, list) => {
    const subject = subjectOfSession(spec);
    const session = `${subject} ${spec.name}`;
    const read = async (id: string, checksum: string): Promise<SessionCheckpoint | undefined> => {
      const key = `${id} ${checksum}`;
      const before = last.get(session);
      if (before?.key === key) return before.found;
      const found = await readSessionCheckpoint(store, id, spec);
      if (checksum !== '') last.set(session, { key, found });
      return found;
    };
    const stored = new Map((await store.list()).map((one) => [one.id, one]));
    const ids = list
      ? await list(subject)
      : [...stored.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id));
    let secondBest: { id: string; checksum: string } | undefined;
    for (const { id } of ids.slice(0, LOOKED_AT)) {
      const checksum = stored.get(id)?.checksum;
      if (checksum === undefined) continue;
      const key = `${id} ${checksum} ${session}`;
      const use = known.get(key) ?? (await look(store, id, spec, list === undefined));
      if (use === undefined) continue;
      if (checksum !== '' && !known.has(key)) remember(key, use);
      if (use === 'good') return read(id, checksum);
      if (use === 'broken') secondBest ??= { id, checksum };
    }
    return secondBest && read(secondBest.id, secondBest.checksum);
  };
}
