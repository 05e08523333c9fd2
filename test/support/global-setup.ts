import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findServer } from '../../src/embedded/find-server.ts';
import { startServer } from '../../src/embedded/start-server.ts';
import { bundleWorkflows } from './bundle-workflows.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the one server that all suites of a run share: give each test its own task queue and workflow ids. */
    serverAddress: string;
    /** The `temporal` CLI, for suites that start servers of their own. */
    serverBinary: string;
    /** Read it through test/support/server.ts, which explains when it is empty. */
    workflowBundlePath: string;
  }
}

interface Shared {
  serverAddress: string;
  serverBinary: string;
  workflowBundlePath: string;
  close: () => Promise<void>;
}

/** Vitest loads and runs this file once for each project, in one process: what they share hangs on that process. */
const holder = globalThis as { rerailShared?: { opening: Promise<Shared>; users: number } | undefined };

async function open(): Promise<Shared> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rerail-test-'));
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const [server, workflowBundlePath] = await Promise.all([
    startServer({
      dataDir,
      binary: binary.path,
      version: binary.version,
      port: 0,
      uiPort: 'none',
      storage: 'memory',
      lifetime: 'with-parent',
    }),
    bundleWorkflows(dataDir),
  ]);
  return {
    serverAddress: server.address,
    serverBinary: binary.path,
    workflowBundlePath,
    close: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (holder.rerailShared ??= { opening: open(), users: 0 });
  shared.users += 1;
  const { close, ...context } = await shared.opening;
  project.provide('serverAddress', context.serverAddress);
  project.provide('serverBinary', context.serverBinary);
  project.provide('workflowBundlePath', context.workflowBundlePath);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    holder.rerailShared = undefined;
    await close();
  };
}
