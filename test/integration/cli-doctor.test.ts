import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { describe, expect, inject, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { MAIN, useCli } from '../support/cli.ts';
import { until } from '../support/until.ts';

interface Found {
  ok: boolean;
  checks: { name: string; level: string; found: string; remedy?: string }[];
}

const cli = useCli();
const doctor = async (...words: string[]): Promise<Found & { code: number | null }> => {
  const { code, stdout, stderr } = await cli.rerail(['-o', 'json', 'doctor', ...words]);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Found) };
};
const check = ({ checks }: Found, name: string) => checks.find((one) => one.name === name);

/** A program on a file system of 1 MB that nobody else sees; undefined where that is not allowed. */
async function onSmallDisk(words: string[]): Promise<string | undefined> {
  const command = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ');
  const script = `mount -t tmpfs -o size=1m tmpfs /mnt || exit 99; ${command}; exit 0`;
  const options = { env: cli.environment, cwd: cli.root };
  return promisify(execFile)('unshare', ['--map-root-user', '--mount', 'sh', '-c', script], options).then(
    ({ stdout }) => stdout,
    (error: { code?: unknown }) => {
      if (error.code === 99 || error.code === 1 || error.code === 'ENOENT') return undefined;
      throw error;
    },
  );
}

describe('rerail doctor', () => {
  it('says which search attributes a namespace lacks, registers them with --fix, and misses workers', async () => {
    const connection = await Connection.connect({ address: inject('serverAddress') });
    const namespace = `doctor-${cli.unique}`;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await connection.close();
    const ill = await until(async () => {
      const found = await doctor('--namespace', namespace).catch(() => undefined);
      return found && check(found, 'search attributes') && found;
    }, 'the namespace');
    expect(ill).toMatchObject({ ok: false, code: EXIT.invalid });
    expect(check(ill, 'search attributes')).toMatchObject({
      level: 'error',
      found: expect.stringMatching(/^missing: .*RerailStatus/) as string,
      remedy: 'Run rerail doctor --fix.',
    });
    const host = `cli-${cli.unique}`;
    expect(['worker for workflows', `worker for host ${host}`].map((name) => check(ill, name))).toMatchObject([
      {
        level: 'warning',
        found: `none on cli-${cli.unique}`,
        remedy: expect.stringContaining('rerail worker') as string,
      },
      { level: 'warning', found: `none on rerail-host-${host}` },
    ]);

    const mended = await doctor('--namespace', namespace, '--fix');
    expect(check(mended, 'search attributes')).toMatchObject({
      level: 'ok',
      found: expect.stringMatching(/^registered now: .*RerailStatus/) as string,
    });
    await until(
      async () => check(await doctor('--namespace', namespace), 'search attributes')?.found === 'all registered',
      'the attributes',
    );
  });

  it('says what is wrong with the data directory and the store in it', async () => {
    const dataDir = path.join(cli.root, 'ill');
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, 'store.git'), 'no repository');
    const damaged = await doctor('--data-dir', dataDir);
    expect(damaged).toMatchObject({ ok: false, code: EXIT.invalid });
    expect(check(damaged, 'checkpoint store')).toMatchObject({
      level: 'error',
      found: expect.stringContaining(path.join(dataDir, 'store.git')) as string,
      remedy: 'Run rerail checkpoint repair on this host.',
    });
    const file = path.join(dataDir, 'store.git');
    expect(check(await doctor('--data-dir', file), 'data directory')).toMatchObject({
      level: 'error',
      remedy: 'Make it writable, or set --data-dir elsewhere.',
    });
  });

  it('warns of a disk that is nearly full', async (context) => {
    const said = await onSmallDisk(['-o', 'json', 'doctor', '--data-dir', '/mnt/data', '--address', '127.0.0.1:1']);
    if (said === undefined) return context.skip();
    expect(check(JSON.parse(said) as Found, 'data directory')).toMatchObject({
      level: 'warning',
      found: expect.stringMatching(/only .* free$/) as string,
      remedy: expect.stringContaining('rerail cleanup') as string,
    });
  });
});
