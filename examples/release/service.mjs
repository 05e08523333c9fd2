// The deploy target: a small web service that keeps its releases on disk. `node service.mjs PORT STATE_DIRECTORY`
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const [port, state] = [Number(process.argv[2]), process.argv[3]];
const file = path.join(state, 'site.json');
const FIRST = { id: 1, version: '1.0.0', pages: { en: '<h1>Hello from before</h1>' }, key: 'first' };
const site = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { releases: [FIRST], maintenance: false };
const save = () => writeFileSync(file, JSON.stringify(site, null, 2));
const live = () => site.releases.at(-1);

function reply(response, status, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json' });
  response.end(text);
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, 'http://site');
  if (request.method === 'POST' && pathname === '/releases') {
    const key = request.headers['idempotency-key'];
    const known = site.releases.find((release) => release.key === key);
    if (known) return reply(response, 200, { id: known.id, version: known.version });
    const { version, pages } = await readBody(request);
    const release = { id: Math.max(...site.releases.map(({ id }) => id)) + 1, version, pages, key };
    site.releases.push(release);
    save();
    appendFileSync(path.join(state, 'deploys.log'), `${release.id} ${version} ${key}\n`);
    return reply(response, 201, { id: release.id, version });
  }
  if (request.method === 'DELETE' && pathname.startsWith('/releases/')) {
    const version = pathname.slice('/releases/'.length);
    site.releases = site.releases.filter((release) => release.version !== version || release.key === 'first');
    save();
    return reply(response, 200, { version: live().version });
  }
  if (request.method === 'POST' && pathname === '/maintenance') {
    site.maintenance = (await readBody(request)).on === true;
    save();
    return reply(response, 200, { maintenance: site.maintenance });
  }
  if (pathname === '/healthz') return reply(response, 200, { version: live().version, maintenance: site.maintenance });
  const page = live().pages[pathname.slice(1) || 'en'];
  return page === undefined ? reply(response, 404, { error: 'no such page' }) : reply(response, 200, page);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => reply(response, 500, { error: error.message }));
});
server.listen(port, '127.0.0.1', () => process.send?.({ port: server.address().port }));
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
