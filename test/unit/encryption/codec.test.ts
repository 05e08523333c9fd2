import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEncryptionCodec, isEncrypted } from '../../../src/encryption/encryption-codec.ts';
import { createKeyring } from '../../../src/encryption/keyring.ts';

const A = { id: 'a', key: randomBytes(32) };
const B = { id: 'b', key: randomBytes(32) };
const codecOf = (active: string, keys = [A, B]) => createEncryptionCodec(createKeyring(active, keys));
const payload = (value: unknown): Payload => {
  const made = defaultPayloadConverter.toPayload(value);
  if (!made) throw new Error('no payload');
  return made;
};
const valueOf = (made: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(made as Payload);

describe('the encryption codec', () => {
  it('gives back every value, and shows nothing of it', async () => {
    const codec = codecOf('a');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 3 }), async (values) => {
        const plain = values.map(payload);
        const sealed = await codec.encode(plain);
        for (const [index, one] of sealed.entries()) {
          expect(isEncrypted(one)).toBe(true);
          const data = plain[index]?.data ?? new Uint8Array();
          if (data.length > 6) expect(Buffer.from(one.data ?? []).includes(Buffer.from(data))).toBe(false);
        }
        expect((await codec.decode(sealed)).map(valueOf)).toEqual(plain.map(valueOf));
      }),
      { numRuns: 50 },
    );
  });

  it('seals the same value differently each time', async () => {
    const codec = codecOf('a');
    const [one, two] = await codec.encode([payload('same'), payload('same')]);
    expect(Buffer.from(one?.data ?? [])).not.toEqual(Buffer.from(two?.data ?? []));
  });

  it('decrypts with each known key, and encrypts with the active one', async () => {
    const old = await codecOf('a').encode([payload('before')]);
    const rotated = codecOf('b');
    expect(valueOf((await rotated.decode(old))[0])).toBe('before');
    const [fresh] = await rotated.encode([payload('after')]);
    expect(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('b');
  });

  it('lets through what was never encrypted, and encrypts nothing twice', async () => {
    const codec = codecOf('a');
    const plain = payload({ from: 'before' });
    expect(await codec.decode([plain])).toEqual([plain]);
    const sealed = await codec.encode([plain]);
    expect(await codec.encode(sealed)).toEqual(sealed);
  });

  it('names the key that it lacks', async () => {
    const sealed = await codecOf('b').encode([payload('x')]);
    await expect(codecOf('a', [A]).decode(sealed)).rejects.toMatchObject({
      code: 'encryption-key-unknown',
      message: expect.stringContaining('"b"') as string,
    });
  });

  it('refuses every changed byte, and an exchanged key id', async () => {
    const codec = codecOf('a');
    const [sealed] = await codec.encode([payload('precious')]);
    const data = Buffer.from(sealed?.data ?? []);
    await fc.assert(
      fc.asyncProperty(fc.nat(data.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(data);
        changed[at] = (changed[at] ?? 0) ^ flip;
        await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toMatchObject({ code: 'encryption-failed' });
      }),
      { numRuns: 40 },
    );
    const sameKey = codecOf('a', [A, { id: 'b', key: A.key }]);
    const renamed = { ...sealed, metadata: { ...sealed?.metadata, 'encryption-key-id': Buffer.from('b') } };
    await expect(sameKey.decode([renamed])).rejects.toMatchObject({ code: 'encryption-failed' });
    await expect(codec.decode([{ ...sealed, data: Buffer.alloc(5) }])).rejects.toMatchObject({
      code: 'encryption-failed',
    });
  });
});
