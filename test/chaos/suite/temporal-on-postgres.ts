import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { ensureFullServer } from '../../../scripts/lib/test-tools.ts';
import { ensureSearchAttributes } from '../../../src/embedded/search-attributes.ts';
import { startPostgres, type PostgresServer } from '../../support/database-servers.ts';
import { until } from '../../support/until.ts';
import type { Tell } from '../outcome.ts';
import { freePorts } from './ports.ts';
import type { ChaosServer } from './servers.ts';
import { temporalConfig } from './temporal-config.ts';
import { patiently } from './world.ts';

const NAMESPACE = 'default';
const RETENTION_S = 24 * 60 * 60;
const ALREADY_EXISTS = 6;

const DATABASES = [
  { name: 'temporal', schema: 'postgresql/v12/temporal' },
  { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
];

function makeSchemas(sqlTool: string, { port, user, password }: PostgresServer): void {
  const env = { PATH: process.env['PATH'], SQL_PASSWORD: password };
  for (const { name, schema } of DATABASES) {
    const common = ['--plugin', 'postgres12', '--ep', '127.0.0.1', '-p', String(port), '-u', user, '--db', name];
    for (const words of [['create'], ['setup-schema', '-v', '0.0'], ['update-schema', '--schema-name', schema]])
      execFileSync(sqlTool, [...common, ...words], { env, stdio: 'pipe' });
  }
}

/** A new cluster has no namespace, and needs a moment until it knows a new one. */
async function prepareNamespace(address: string): Promise<void> {
  const connection = await patiently(() => Connection.connect({ address, connectTimeout: 2000 }));
  try {
    await patiently(async () => {
      try {
        await connection.workflowService.registerNamespace({
          namespace: NAMESPACE,
          workflowExecutionRetentionPeriod: { seconds: RETENTION_S as never },
        });
      } catch (error) {
        if ((error as { code?: unknown }).code !== ALREADY_EXISTS) throw error;
      }
    });
    await patiently(() => ensureSearchAttributes(connection, NAMESPACE));
    await patiently(() => connection.workflowService.listWorkflowExecutions({ namespace: NAMESPACE, pageSize: 1 }));
  } finally {
    await connection.close();
  }
}

export interface PostgresBacked extends ChaosServer {
  /** Killed at once, and started again on its data. */
  restartDatabase: () => Promise<void>;
}

/** Temporal's full server with its state in a PostgreSQL of its own, whose crash must lose nothing either. */
export async function startOnPostgres(root: string, tell: Tell): Promise<PostgresBacked> {
  const { server, sqlTool } = await ensureFullServer(tell);
  // Commits reach the disk before they are acknowledged, as in production.
  const database = await startPostgres(['fsync=on', 'max_connections=200']);
  const directory = join(root, 'temporal');
  const logFile = join(directory, 'server.log');
  let child: ChildProcess | undefined;
  const isAlive = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const kill = async (): Promise<void> => {
    if (!child || !isAlive()) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const stop = async (): Promise<void> => {
    await kill();
    await database.stop();
  };
  try {
    makeSchemas(sqlTool, database);
    const ports = await freePorts(8);
    const address = `127.0.0.1:${ports[0] ?? 0}`;
    await mkdir(join(directory, 'config'), { recursive: true });
    const dynamicConfigFile = join(directory, 'dynamic.yaml');
    await writeFile(dynamicConfigFile, '{}\n');
    const { user, password, port } = database;
    const config = temporalConfig({
      database: { address: `127.0.0.1:${port}`, user, password },
      ports,
      dynamicConfigFile,
    });
    await writeFile(join(directory, 'config', 'development.yaml'), config, { mode: 0o600 });
    const launch = async (): Promise<void> => {
      const log = openSync(logFile, 'a');
      child = spawn(server, ['--root', directory, '--allow-no-auth', 'start'], {
        cwd: directory,
        env: { PATH: process.env['PATH'] },
        stdio: ['ignore', log, log],
      });
      await until(
        async () => {
          if (!isAlive())
            throw new Error(
              `Temporal ended: ${readFileSync(logFile, 'utf8')
                .split('\n')
                .map((line) => line.slice(0, 400))
                .slice(-8)
                .join('\n')}`,
            );
          const connection = await Connection.connect({ address, connectTimeout: 1000 }).catch(() => undefined);
          await connection?.close();
          return connection !== undefined;
        },
        'Temporal on PostgreSQL',
        120_000,
      );
    };
    await launch();
    await prepareNamespace(address);
    return { address, isAlive, kill, launch, stop, restartDatabase: () => database.restart() };
  } catch (error) {
    await stop();
    throw error;
  }
}
