import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type Ids =
  | 'listSubjects'
  | 'listCheckpoints'
  | 'getCheckpoint'
  | 'diffCheckpoints'
  | 'verifyCheckpoint'
  | 'invalidateCheckpoint'
  | 'deleteCheckpoint';

export function checkpointHandlers({ recoveries: { checkpoints } }: Pick<ApiDeps, 'recoveries'>): Handlers<Ids> {
  return {
    async listSubjects() {
      return { status: 200, body: { items: await checkpoints.subjects() } };
    },
    async listCheckpoints({ query: { subject, limit, cursor = 0, ...filter } }) {
      const found = await checkpoints.list(subject, {
        ...compact(filter),
        limit: Math.min(10_000, cursor + limit + 1),
      });
      const items = found.slice(cursor, cursor + limit);
      return {
        status: 200,
        body: { items, nextCursor: found.length > cursor + limit ? String(cursor + limit) : null },
      };
    },
    async getCheckpoint({ params: { id }, query: { subject } }) {
      return { status: 200, body: await checkpoints.get(id, subject) };
    },
    async diffCheckpoints({ params: { id }, query: { subject, to } }) {
      return { status: 200, body: await checkpoints.diff(subject, id, to) };
    },
    async verifyCheckpoint({ params: { id }, query: { subject }, body: { level } }) {
      return { status: 200, body: await checkpoints.verify(subject, id, level) };
    },
    async invalidateCheckpoint({ params: { id }, query: { subject }, body: { reason }, actor }) {
      return { status: 200, body: await checkpoints.invalidate(subject, id, `${reason} (${actor.name})`) };
    },
    async deleteCheckpoint({ params: { id }, query: { subject } }) {
      return { status: 200, body: await checkpoints.delete(subject, id) };
    },
  };
}
