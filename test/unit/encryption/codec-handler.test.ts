import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCodecHandler } from '../../../src/encryption/codec-handler.ts';
import { createEncryptionCodec } from '../../../src/encryption/encryption-codec.ts';
import { createKeyring } from '../../../src/encryption/keyring.ts';

const ORIGIN = 'http://127.0.0.1:8233';
const codec = createEncryptionCodec(createKeyring('a', [{ id: 'a', key: randomBytes(32) }]));
const other = createEncryptionCodec(createKeyring('z', [{ id: 'z', key: randomBytes(32) }]));
const handle = createCodecHandler({ codec, origins: [ORIGIN], namespaces: ['default'] });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = { metadata: { encoding: base64('json/plain') }, data: base64('"hello"') };

const ask = (path: string, body: unknown, more: { method?: string; headers?: Record<string, string> } = {}) =>
  handle({
    method: more.method ?? 'POST',
    path,
    headers: { origin: ORIGIN, 'x-namespace': 'default', ...more.headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('the codec handler', () => {
  it('encodes and decodes what the Temporal UI sends', async () => {
    const encoded = await ask('/encode', { payloads: [PLAIN] });
    expect(encoded).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': ORIGIN } });
    expect(encoded.body).not.toContain(PLAIN.data);
    const decoded = await ask('/some/prefix/decode', encoded.body);
    expect(JSON.parse(decoded.body)).toEqual({ payloads: [PLAIN] });
  });

  it('answers the question of the browser before', async () => {
    expect(await ask('/decode', '', { method: 'OPTIONS' })).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': ORIGIN, 'access-control-allow-methods': 'POST, OPTIONS' },
    });
  });

  it.each([
    ['another origin', () => ask('/decode', { payloads: [] }, { headers: { origin: 'http://evil.example' } }), 403],
    ['another namespace', () => ask('/decode', { payloads: [] }, { headers: { 'x-namespace': 'other' } }), 403],
    ['another path', () => ask('/', { payloads: [] }), 404],
    ['a GET', () => ask('/decode', '', { method: 'GET' }), 405],
    ['a body that is no JSON', () => ask('/decode', '{'), 400],
    ['payloads of another shape', () => ask('/decode', { payloads: [{ metadata: { encoding: 7 } }] }), 400],
    ['no payloads', () => ask('/decode', {}), 400],
  ])('refuses %s', async (_what, send, status) => {
    const { status: got, headers } = await send();
    expect(got).toBe(status);
    if (status === 403 && _what === 'another origin') expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('says which key is unknown', async () => {
    const foreign = createCodecHandler({ codec: other, origins: [] });
    const { body } = await foreign({
      method: 'POST',
      path: '/encode',
      headers: {},
      body: JSON.stringify({ payloads: [PLAIN] }),
    });
    const { status, body: answer } = await ask('/decode', body);
    expect(status).toBe(422);
    expect(JSON.parse(answer)).toMatchObject({ code: 'encryption-key-unknown' });
  });
});
