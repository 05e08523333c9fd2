import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { createOutput } from './output/output.ts';
import { createProgram } from './program.ts';

/** Does what the words after the program's name ask for, and sets the exit code of the process. */
export async function runCli(words: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    } else {
      createOutput({ format: 'text', color: 'auto' }).error(error);
      process.exitCode = exitCodeOf(error);
    }
  }
}
