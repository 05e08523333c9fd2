import { createServer, type IncomingMessage } from 'node:http';
import { listen, type Listening } from '../process/listen.ts';
import type { CodecHandler } from './codec-handler.ts';

/** More than Temporal lets a message be; a larger body is cut off. */
const BODY_LIMIT = 16 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Serves a codec handler over HTTP. Rejects with the error of `listen` when the port is taken. */
export async function serveCodec(handle: CodecHandler, place: { host: string; port: number }): Promise<Listening> {
  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const body = await readBody(request);
      const {
        status,
        headers,
        body: text,
      } = body === undefined
        ? { status: 413, headers: {}, body: '' }
        : await handle({
            method: request.method ?? '',
            path: (request.url ?? '').split('?')[0] ?? '',
            headers: request.headers,
            body,
          });
      response.writeHead(status, headers).end(text);
    };
    // Who hangs up in the middle gets no answer.
    respond().catch(() => response.destroy());
  });
  return listen(server, place);
}
