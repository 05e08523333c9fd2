// Three durable no-op steps with Restate: a server of its own with its state in the directory argv[2], and a service here.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { createRequire } from 'node:module';
import { answer } from './answer.mjs';

// The SDK wants what Node has from 22 on.
Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};
// Its warnings are about servers that strangers can reach.
process.env.RESTATE_LOGGING = 'ERROR';
const restate = await import('@restatedev/restate-sdk');

const [directory, admin, ingress, fabric] = process.argv.slice(2);
const LOOPBACK = '127.0.0.1';

const threeNoOps = restate.workflow({
  name: 'threeNoOps',
  handlers: {
    run: async (context) => {
      await context.run('one', () => null);
      await context.run('two', () => null);
      await context.run('three', () => null);
    },
  },
});

const service = createServer(restate.createEndpointHandler({ services: [threeNoOps] }));
service.listen(0, LOOPBACK);
await once(service, 'listening');

// The binary itself: a wrapper in between would outlive us, or it us.
const { platform, arch } = process;
const binary = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json')).resolve(
  `@restatedev/restate-server-${platform}-${arch}/bin/restate-server`,
);
const server = spawn(binary, ['--no-logo', '--listen-mode', 'tcp', '--base-dir', directory], {
  env: {
    PATH: process.env.PATH,
    DO_NOT_TRACK: '1',
    // It looks for a Kubernetes around it, and says at length that there is none.
    RUST_LOG: 'error,octocrab=off',
    RESTATE_NODE_NAME: 'bench',
    RESTATE_BIND_IP: LOOPBACK,
    RESTATE_BIND_PORT: fabric,
    RESTATE_ADMIN__BIND_PORT: admin,
    RESTATE_INGRESS__BIND_PORT: ingress,
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.once('exit', () => server.kill('SIGKILL'));
server.once('exit', (code) => {
  console.error(`the Restate server ended with ${code}`);
  process.exit(1);
});

const post = async (port, path, body) => {
  const response = await fetch(`http://${LOOPBACK}:${port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
};

async function patiently(work, limitMs = 60_000) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const run = () => post(ingress, `/threeNoOps/${randomUUID()}/run`, {});
await patiently(() => post(admin, '/deployments', { uri: `http://${LOOPBACK}:${service.address().port}` }));
await patiently(run);

answer(run, async () => {
  server.removeAllListeners('exit');
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
});
