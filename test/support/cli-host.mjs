// Runs in a process of its own: the built command line, one command after the other. Loading it is most of what a short
// command costs, and a suite calls dozens of them.
import { PassThrough } from 'node:stream';
import { runCli } from '../../dist/cli/run-cli.js';

async function run({ words, env, cwd, input }) {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = undefined;
  const stdin = new PassThrough();
  stdin.end(input);
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  const said = { stdout: '', stderr: '' };
  const restore = ['stdout', 'stderr'].map((name) => {
    const { write } = process[name];
    process[name].write = (chunk, ...rest) => {
      said[name] += chunk;
      rest.find((given) => typeof given === 'function')?.();
      return true;
    };
    return () => (process[name].write = write);
  });
  try {
    await runCli(words);
  } finally {
    for (const undo of restore) undo();
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
  }
  return { code: process.exitCode ?? 0, ...said };
}

process.on('message', (asked) => {
  run(asked).then(
    (ended) => process.send({ ended }),
    (error) => process.send({ crash: error?.stack ?? String(error) }),
  );
});
