import { RerailError } from '../domain/errors.ts';
import type { Output } from './output/output.ts';

// Loaded only where somebody sits: most commands run without a terminal.
const load = () => import('@clack/prompts');

/** What the person types; undefined where nobody can be asked, or nothing was said. */
export async function askText({ isInteractive }: Output, message: string): Promise<string | undefined> {
  if (!isInteractive) return undefined;
  const { text, isCancel } = await load();
  const answer = await text({ message, output: process.stderr });
  return isCancel(answer) ? undefined : answer?.trim() || undefined;
}

export interface Confirmation {
  yes: boolean | undefined;
  /** What would be done, as a sentence without its full stop. */
  what: string;
  /** Where nobody can be asked. */
  remedy?: string;
}

/** Goes on with `--yes` or after a yes on a terminal. Throws `approval-refused` otherwise: nothing has been changed. */
export async function confirm({ isInteractive }: Output, { yes, what, remedy }: Confirmation): Promise<void> {
  if (yes) return;
  if (isInteractive) {
    const { confirm: ask } = await load();
    const answer = await ask({ message: `${what}. Go on?`, initialValue: false, output: process.stderr });
    if (answer === true) return;
  }
  throw new RerailError('approval-refused', `nothing was changed: ${what}`, { remedy: remedy ?? 'Say so with --yes.' });
}
