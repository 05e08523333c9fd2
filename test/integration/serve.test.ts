import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../src/api/auth/token-file.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { processStart } from '../../src/embedded/process-start.ts';
import { writeServerState } from '../../src/embedded/server-state.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';

const cli = useCli();
const { rerail } = cli;
const { token, entry } = createToken({ name: 'ada', roles: ['admin'] });
const asked = { authorization: `Bearer ${token}` };
let tokens: { RERAIL_API_TOKENS_FILE: string };
beforeAll(async () => {
  tokens = { RERAIL_API_TOKENS_FILE: await cli.file('tokens.json', JSON.stringify([entry])) };
});

const serve = (env: NodeJS.ProcessEnv = tokens) => cli.startServe(env);

const listens = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(address);
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** A request whose body is still to come, once the server has read its head. */
async function begin(address: string, length: number) {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  const lines = [
    'POST /api/v1/plans:preview HTTP/1.1',
    `host: ${hostname}`,
    `authorization: ${asked.authorization}`,
    'content-type: application/json',
    `content-length: ${length}`,
    'expect: 100-continue',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [said] = (await once(socket, 'data')) as [string];
  expect(said).toContain('100 Continue');
  let text = '';
  socket.on('data', (more: string) => (text += more));
  socket.on('error', () => undefined);
  const answer = once(socket, 'close').then(() => text);
  return { socket, answer };
}

describe('rerail serve', () => {
  it('is open for the embedded server of its data directory, and before any other needs tokens', async () => {
    const dataDir = path.join(cli.root, 'embedded');
    await mkdir(dataDir);
    const address = cli.environment['RERAIL_ADDRESS'] ?? '';
    const state = { pid: process.pid, startTime: processStart(process.pid) ?? '', binary: 'x', version: '1' };
    await writeServerState(dataDir, { ...state, address });
    const own = await serve({ RERAIL_DATA_DIR: dataDir });
    expect(own.open).toBe(true);
    expect(await (await fetch(`${own.address}/api/v1/whoami`)).json()).toMatchObject({ name: 'local' });
    await stopChild(own.child);
    const refused = await rerail(['serve', '--api-port', '0']);
    expect(refused.code).toBe(EXIT.usage);
    expect(refused.stderr).toMatch(/settings-invalid[\s\S]*not the embedded one[\s\S]*rerail token create/);
    const closed = await serve();
    expect(closed.open).toBe(false);
    expect((await fetch(`${closed.address}/api/v1/whoami`)).status).toBe(401);
    await stopChild(closed.child);
  });

  it('answers what it has begun, ends its streams and takes nothing more when it is told to stop', async () => {
    const { child, ended, address, log } = await serve();
    const stream = await fetch(`${address}/api/v1/events`, { headers: asked });
    const heard = stream.text();
    const body = JSON.stringify({ failure: { target: 'service/web', message: 'connect ECONNREFUSED' } });
    const begun = await begin(address, body.length);
    const ignored = await begin(address, body.length);
    child.kill('SIGTERM');
    await until(async () => !(await listens(address)), 'the end of listening');
    begun.socket.write(body);
    expect(await begun.answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*"playbook"/);
    expect(await heard).toContain('retry: 2000');
    // Who never comes to an end does not hold it up.
    expect(await ignored.answer).not.toContain('200');
    expect((await ended)[0]).toBe(EXIT.done);
    expect(log()).not.toMatch(/error/i);
  });

  it('says that the port it was given is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const refused = await rerail(['serve', '--api-port', String(port)], { env: tokens });
    expect(refused.code).toBe(EXIT.unexpected);
    expect(refused.stderr).toMatch(new RegExp(`port-taken[\\s\\S]*127\\.0\\.0\\.1:${port}[\\s\\S]*--api-port`));
    holder.close();
  });
});
