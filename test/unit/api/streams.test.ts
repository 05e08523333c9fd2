import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { createStreams, type Stream } from '../../../src/api/events/streams.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { createTestApi, refusingClient } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const allowed = () => Promise.resolve();

it('lets a client go that does not read, and nobody else', async () => {
  const streams = createStreams();
  const open: Record<string, { stream: Stream; closed: boolean }> = {};
  const app = Fastify();
  app.get<{ Params: { who: string } }>('/:who', (request, reply) => {
    const one = { stream: streams.open(request, reply, allowed), closed: false };
    one.stream.onClose(() => (one.closed = true));
    open[request.params.who] = one;
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  const { hostname, port } = new URL(address);
  const deaf = connect(Number(port), hostname).pause();
  deaf.on('error', () => undefined);
  deaf.write('GET /deaf HTTP/1.1\r\nhost: a\r\n\r\n');
  const reader = await fetch(`${address}/reader`);
  let read = 0;
  const reading = (async () => {
    for await (const chunk of reader.body as unknown as AsyncIterable<Uint8Array>) read += chunk.length;
  })();
  await until(() => Promise.resolve(open['deaf'] !== undefined && open['reader'] !== undefined), 'both');
  let sent = 0;
  await until(() => {
    sent += 1;
    for (const { stream } of Object.values(open)) stream.send({ event: 'much', data: 'x'.repeat(100_000) });
    return Promise.resolve(open['deaf']?.closed === true);
  }, 'the end of the one that does not read');
  expect(open['reader']?.closed).toBe(false);
  await until(() => Promise.resolve(read > sent * 100_000), 'all of it with the other');
  streams.closeAll();
  await reading;
  deaf.destroy();
  await app.close();
});

it('ends what was begun with a token that was taken back', async () => {
  const away = refusingClient(() => new RerailError('server-unreachable', 'Temporal is away'));
  const api = await createTestApi(away, { streams: createStreams({ heartbeatMs: 20 }) });
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const listen = async (who: 'viewer' | 'operator') => {
    const { body } = await fetch(`${address}/api/v1/events`, { headers: api.bearer(who) });
    const one = { text: '', ended: false };
    void (async () => {
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) one.text += Buffer.from(chunk).toString();
      one.ended = true;
    })();
    return one;
  };
  const [kept, taken] = await Promise.all([listen('operator'), listen('viewer')]);
  const alive = ({ text }: { text: string }) => text.split(': here').length;
  await until(() => Promise.resolve(alive(kept) > 2 && alive(taken) > 2), 'signs of life of both');
  const file = path.join(api.folder, 'tokens.yaml');
  const entries = JSON.parse(await readFile(file, 'utf8')) as { name: string }[];
  await writeFile(file, JSON.stringify(entries.filter(({ name }) => name !== 'the-viewer')));
  await until(() => Promise.resolve(taken.ended), 'its end');
  const before = alive(kept);
  await until(() => Promise.resolve(alive(kept) > before + 2), 'more signs of life of the other');
  expect(kept.ended).toBe(false);
  await api.close();
});

it('opens no more than so many at a time', async () => {
  const away = refusingClient(() => new RerailError('server-unreachable', 'Temporal is away'));
  const api = await createTestApi(away, { streams: createStreams({ most: 1 }) });
  const address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const ask = () => fetch(`${address}/api/v1/events`, { headers: api.bearer('viewer') });
  const first = await ask();
  expect((await ask()).status).toBe(429);
  await first.body?.cancel();
  await until(async () => (await ask()).status === 200, 'room for another');
  await api.close();
});
