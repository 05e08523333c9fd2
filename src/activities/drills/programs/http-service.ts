import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';

/** What a fault has written for it; read at each request. */
export type HttpMode = { status: number } | { rateLimitedUntil: number };

const [port = '0', modeFile = ''] = process.argv.slice(2);

function modeNow(): HttpMode | undefined {
  try {
    return JSON.parse(readFileSync(modeFile, 'utf8')) as HttpMode;
  } catch {
    return undefined;
  }
}

createServer((request, response) => {
  if (request.method === 'DELETE' && request.url === '/errors') rmSync(modeFile, { force: true });
  const mode = modeNow();
  if (mode && 'status' in mode) {
    response.writeHead(mode.status).end('it remembers an error\n');
    return;
  }
  const waitMs = (mode?.rateLimitedUntil ?? 0) - Date.now();
  if (waitMs > 0) {
    response.writeHead(429, { 'retry-after': String(Math.ceil(waitMs / 1000)) }).end('too many requests\n');
    return;
  }
  response.writeHead(200).end('ok\n');
}).listen(Number(port), '127.0.0.1');
