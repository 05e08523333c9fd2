import { createServer } from 'node:http';
import { listen, type Listening } from '../../process/listen.ts';
import type { Rendered } from './create-metrics.ts';

export interface MetricsServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  render: () => Promise<Rendered>;
  /** What `/healthz` says: 200 where it is true, else 503. */
  healthy: () => boolean;
}

/** Serves `GET /metrics` and `GET /healthz`. Rejects with the error of `listen` when the port is taken. */
export async function serveMetrics({ render, healthy, ...place }: MetricsServerOptions): Promise<Listening> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const answer = (status: number, contentType: string, body: string): void => {
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(405, 'text/plain', 'only GET\n');
    } else if (path === '/metrics') {
      render().then(
        ({ contentType, body }) => answer(200, contentType, body),
        () => answer(500, 'text/plain', 'the metrics cannot be rendered\n'),
      );
    } else if (path === '/healthz') {
      const ok = healthy();
      answer(ok ? 200 : 503, 'application/json', `${JSON.stringify({ ok })}\n`);
    } else {
      answer(404, 'text/plain', 'here are /metrics and /healthz\n');
    }
  });
  return listen(server, place);
}
