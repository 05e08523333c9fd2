import { TOXIPROXY } from '../../src/activities/drills/sandbox-proxies.ts';
import { defaultCacheDir } from '../../src/embedded/find-server.ts';
import { withLockFile } from '../../src/embedded/lock-file.ts';
import { ensureGoTool, type GoTool } from '../../src/process/go-tool.ts';

const LOCK_TIMEOUT_MS = 20 * 60_000;
const HEARTBEAT_MS = 15_000;

/** Keeps objects as files, for the tests of the replica. */
const VERSITYGW: GoTool = {
  name: 'versitygw',
  version: '1.8.0',
  module: 'github.com/versity/versitygw/cmd/versitygw',
  program: 'versitygw',
  folder: 's3-server',
};

/** Temporal as it runs in production; the development server is another program and knows SQLite only. */
const TEMPORAL: GoTool = {
  name: 'temporal-server',
  version: '1.29.1',
  module: 'go.temporal.io/server/cmd/server',
  program: 'server',
  folder: 'temporal-postgres',
};

const SQL_TOOL: GoTool = {
  ...TEMPORAL,
  name: 'sql-tool',
  module: 'go.temporal.io/server/cmd/tools/sql',
  program: 'sql',
};

type Report = (line: string) => void;

/** Two at once build it once. Throws `setup-failed`. */
function ensure(tool: GoTool, report: Report): Promise<string> {
  const purpose = `building ${tool.name} for the tests`;
  const cache = process.env['RERAIL_CACHE_DIR'] ?? defaultCacheDir(process.env);
  const lock = { purpose, timeoutMs: LOCK_TIMEOUT_MS, onNotice: report };
  return withLockFile(`${cache}/${tool.folder ?? tool.name}.lock`, lock, async () => {
    const started = Date.now();
    const tell = (): void => report(`${purpose}, ${Math.round((Date.now() - started) / 1000)} s`);
    const heartbeat = setInterval(tell, HEARTBEAT_MS);
    try {
      return await ensureGoTool(tool);
    } finally {
      clearInterval(heartbeat);
    }
  });
}

/** Path of an S3 server. */
export const ensureS3Server = (report: Report): Promise<string> => ensure(VERSITYGW, report);

/** Paths of Temporal's full server and of what makes its schemas: about five minutes, once. */
export async function ensureFullServer(report: Report): Promise<{ server: string; sqlTool: string }> {
  const server = await ensure(TEMPORAL, report);
  return { server, sqlTool: await ensure(SQL_TOOL, report) };
}

/** Path of the proxies that network faults need. */
export const ensureProxies = (report: Report): Promise<string> => ensure(TOXIPROXY, report);

/** Programs in Go that tests start, built before the first of them: about three minutes, once. */
export async function ensureTestTools(report: Report): Promise<void> {
  await ensureS3Server(report);
  await ensureProxies(report);
}
