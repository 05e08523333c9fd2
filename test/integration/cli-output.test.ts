import { expect, inject, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { useCli } from '../support/cli.ts';
import { sharedHarness } from '../support/new-harness.ts';

const cli = useCli();
const harness = sharedHarness('');

const ESCAPE = String.fromCodePoint(27);

it('writes moments, colours and nothing as it is asked to', async () => {
  const name = `cli-${cli.unique}`;
  await harness.recoveries.breakers.forceOpen(name, { by: 'ada', reason: 'moving' });
  const { since = '' } = await harness.recoveries.breakers.status(name);
  const show = async (...words: string[]) => (await cli.rerail([...words, 'breaker', 'show', name])).stdout;
  expect(await show('--time-format', 'iso')).toContain(`since ${since}`);
  expect(await show('--time-format', 'raw')).toContain(`since ${Date.parse(since)}`);
  expect(await show('--time-format', 'relative')).toMatch(/since .* ago/);
  // Elsewhere than on a terminal.
  expect(await show()).toContain(`since ${since}`);
  expect((await cli.rerail(['--time-format', 'local', 'breaker', 'show', name])).code).toBe(EXIT.usage);

  expect(await show('--color', 'always')).toContain(`${ESCAPE}[`);
  expect(await show('--color', 'never')).not.toContain(ESCAPE);
  expect(await show('--color', 'auto')).not.toContain(ESCAPE);

  expect(await cli.rerail(['-o', 'none', 'breaker', 'show', name])).toEqual({
    code: EXIT.done,
    stdout: '',
    stderr: '',
  });
  const missing = await cli.rerail(['-o', 'none', 'breaker', 'show', `no-${name}`]);
  expect(missing).toMatchObject({ code: EXIT.notFound, stdout: '' });
  expect(missing.stderr).toContain('breaker-not-found');
});

it('takes server and namespace from a profile of the temporal CLI', async () => {
  const file = await cli.file(
    'temporal.toml',
    `[profile.here]\naddress = "${inject('serverAddress')}"\nnamespace = "default"\n[profile.nowhere]\naddress = "127.0.0.1:1"\n`,
  );
  const env = { TEMPORAL_CONFIG_FILE: file, RERAIL_ADDRESS: undefined };
  const list = (profile: string) => cli.rerail(['--profile', profile, '-o', 'json', 'breaker', 'list'], { env });
  expect(await list('here')).toMatchObject({ code: EXIT.done });
  const away = await list('nowhere');
  expect(away).toMatchObject({ code: EXIT.unreachable });
  expect(away.stderr).toContain('127.0.0.1:1');
  expect((await list('absent')).stderr).toContain('absent');
});

it('only says what a repair and a schedule of the store would do', async () => {
  const host = `cli-${cli.unique}`;
  const workflowId = `store-care/${host}`;
  expect(await cli.json(['checkpoint', 'repair', '--cleanup', '--dry-run'])).toEqual({
    host,
    workflowId,
    cleanup: true,
    dryRun: true,
  });
  expect((await cli.rerail(['checkpoint', 'schedule', '--when', 'daily', '--dry-run'])).stdout).toBe(
    `schedule ${workflowId} would be on, every night\n`,
  );
  expect(await cli.exists(workflowId)).toBe(false);
  const found = [];
  for await (const { scheduleId } of harness.client.schedule.list()) found.push(scheduleId);
  expect(found).not.toContain(workflowId);
});
