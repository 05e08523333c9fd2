import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKeyring } from '../../../src/encryption/load-keyring.ts';

const KEY = randomBytes(32).toString('base64');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function keysFile(text: string, mode = 0o600): Promise<string> {
  const file = path.join(folder, `${randomBytes(4).toString('hex')}.yaml`);
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

describe('the file of the keys', () => {
  it('is YAML or JSON, with keys in it or elsewhere', async () => {
    const elsewhere = await keysFile(`${KEY}\n`);
    const file = await keysFile(
      JSON.stringify({
        active: 'new',
        keys: [
          { id: 'old', key: KEY },
          { id: 'new', key: `file:${elsewhere}` },
        ],
      }),
    );
    const { active, find } = await loadKeyring(file);
    expect(active.id).toBe('new');
    expect(Buffer.from(active.key).toString('base64')).toBe(KEY);
    expect(find('old').key).toEqual(active.key);
  });

  it.each([
    ['a key that is too short', `{active: a, keys: [{id: a, key: ${KEY.slice(0, 20)}}]}`, /"a" is not 32 bytes/],
    ['a key that is no base64', '{active: a, keys: [{id: a, key: "???"}]}', /keys\.0\.key/],
    ['an active key that is not there', `{active: b, keys: [{id: a, key: "${KEY}"}]}`, /"b", which is not among a/],
    ['two keys of one id', `{active: a, keys: [{id: a, key: "${KEY}"}, {id: a, key: "${KEY}"}]}`, /same id/],
    ['no keys', '{active: a, keys: []}', /keys/],
    ['a stray field', `{active: a, keys: [{id: a, key: "${KEY}"}], more: 1}`, /more/],
    ['nothing', '', /active|document/],
  ])('is refused for %s', async (_what, text, message) => {
    const refused = await loadKeyring(await keysFile(text)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'settings-invalid', message: expect.stringMatching(message) as string });
    expect((refused as { remedy?: string }).remedy).toBeTruthy();
    expect(String(refused)).not.toContain(KEY);
  });

  it('is refused where others can read it, with the remedy', async () => {
    const file = await keysFile(`{active: a, keys: [{id: a, key: "${KEY}"}]}`, 0o640);
    await expect(loadKeyring(file)).rejects.toMatchObject({
      code: 'settings-invalid',
      remedy: `Run chmod 600 ${file}.`,
    });
  });

  it('is refused when it is not there, or a key is elsewhere and not there', async () => {
    await expect(loadKeyring(path.join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'settings-invalid' });
    const file = await keysFile('{active: a, keys: [{id: a, key: "env:RERAIL_NO_SUCH_KEY"}]}');
    await expect(loadKeyring(file)).rejects.toMatchObject({ code: 'secret-not-found' });
  });
});
