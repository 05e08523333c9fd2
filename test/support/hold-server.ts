import { startServer } from '../../src/embedded/start-server.ts';

/** A process for tests to kill: starts a server and waits. */
const [dataDir = '', binary = '', lifetime = ''] = process.argv.slice(2);

await startServer({
  dataDir,
  binary,
  port: 0,
  uiPort: 'none',
  lifetime: lifetime === 'detached' ? 'detached' : 'with-parent',
});
setInterval(() => undefined, 60_000);
