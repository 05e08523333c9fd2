import { isRerailError } from '../domain/errors.ts';
import { withClient, type Context } from './context.ts';

/** A drained host begins nothing new. Without a server nobody can have drained it. */
export async function requireAccepting(context: Context): Promise<void> {
  try {
    await withClient(context, ({ hosts }) => hosts.requireAccepting(context.settings.host));
  } catch (error) {
    if (!isRerailError(error) || error.code !== 'server-unreachable') throw error;
  }
}
