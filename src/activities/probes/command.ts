import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { resolveInside } from '../../process/inside.ts';
import { runProcess } from '../../process/run-process.ts';
import { rootOf, type LookAt } from './look.ts';

const CONTENT_LIMIT = 1024 * 1024;

export const lookAtCommand: LookAt<'command'> = async (spec, { timeoutMs }, probe) => {
  const { argv, cwd, expectExit, stdoutContains } = spec;
  const folder = await resolveInside(rootOf(probe), cwd ?? '.', 'cwd');
  const { env } = await commandEnvironment({});
  const file = await findCommand(argv[0] ?? '', folder, env['PATH']);
  const result = await runProcess({
    argv: [file, ...argv.slice(1)],
    cwd: folder,
    env,
    timeoutMs,
    killDelayMs: 500,
    maxOutputBytes: CONTENT_LIMIT,
    leavesNothing: true,
  });
  if (result.timedOut) return { passed: false, observed: `no end within ${timeoutMs} ms`, failureType: 'timeout' };
  const contains = stdoutContains === undefined || result.stdout.includes(stdoutContains);
  const exited = result.signal ? `killed by ${result.signal}` : `exit code ${result.exitCode}`;
  const passed = result.exitCode === expectExit && contains;
  return {
    passed,
    observed: contains ? exited : `${exited}, stdout lacks ${JSON.stringify(stdoutContains)}`,
    ...(passed ? {} : { failureType: 'command' as const }),
  };
};
