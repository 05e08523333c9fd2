import { createHash } from 'node:crypto';
import type { SessionSpec } from '../../domain/session.ts';

const PREFIX = 'tmux.';

/** A word for ids, made of a name that may hold anything; two names never share one. */
function slugOf(name: string): string {
  const word = name
    .slice(0, 40)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  if (word === name) return word;
  return `${word || 'session'}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

/** Whose checkpoints a session's are. */
export const subjectOfSession = ({ name, subject }: Pick<SessionSpec, 'name' | 'subject'>): string =>
  subject ?? `session/${slugOf(name)}`;

/** What a session is called among the providers of a checkpoint. */
export const providerOfSession = (name: string): string => `${PREFIX}${slugOf(name)}`;

export const isSessionProvider = (provider: string): boolean => provider.startsWith(PREFIX);

/** The session of the default server that a provider's name means where none is configured under it. */
export const sessionOfProvider = (provider: string): string => provider.slice(PREFIX.length);
