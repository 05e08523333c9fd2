import type { Command } from 'commander';
import type { RecoveryHandle } from '../client/recovery-handle.ts';
import { openContext, withClient, type Context } from './context.ts';

export async function withHandle(
  command: Command,
  id: string,
  work: (handle: RecoveryHandle, context: Context) => Promise<void>,
): Promise<void> {
  const context = await openContext(command);
  await withClient(context, (recoveries) => work(recoveries.getHandle(id), context));
}
