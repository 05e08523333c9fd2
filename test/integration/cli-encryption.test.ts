import { chmod } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { startCodec } from '../support/codec-process.ts';
import { useCli } from '../support/cli.ts';

const cli = useCli();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = { metadata: { encoding: base64('json/plain') }, data: base64('"hello"') };

describe('rerail encryption key and codec serve', () => {
  it('make a key with which the Temporal UI can read what it sealed', async () => {
    const { stdout } = await cli.rerail(['encryption', 'key', '--id', 'first']);
    const keys = await cli.file('keys.yaml', stdout);
    await chmod(keys, 0o600);
    const codec = await startCodec(keys);
    try {
      const post = async (path: string, body: unknown) => {
        const answer = await fetch(`${codec.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
        return (await answer.json()) as { payloads: unknown[] };
      };
      const sealed = await post('/encode', { payloads: [PLAIN] });
      expect(JSON.stringify(sealed)).not.toContain(PLAIN.data);
      expect(await post('/decode', sealed)).toEqual({ payloads: [PLAIN] });
    } finally {
      await codec.stop();
    }
  });

  it('refuse keys that others can read', async () => {
    const keys = await cli.file('open.yaml', 'active: a\nkeys: []\n');
    await chmod(keys, 0o644);
    const { code, stderr } = await cli.rerail(['codec', 'serve'], { env: { RERAIL_ENCRYPTION_KEYS_FILE: keys } });
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('chmod 600');
  });
});
