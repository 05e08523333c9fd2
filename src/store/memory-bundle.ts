import { readFile, writeFile } from 'node:fs/promises';
import type { Json } from '../domain/canonical-json.ts';
import type { Manifest } from '../domain/checkpoint.ts';
import { sha256 } from '../process/digests.ts';
import type { CheckpointDraft, PutResult } from './checkpoint-store.ts';
import { damagedBundle } from './damaged-bundle.ts';
import type { FileDigest } from './digest-file.ts';

interface Bundle {
  manifest: Manifest;
  parts: Record<string, Json>;
  /** Base64 by digest. */
  contents: Record<string, string>;
  receipt: PutResult;
}

/** A line with the SHA-256 of the JSON text that follows. */
export async function writeMemoryBundle(file: string, bundle: Bundle): Promise<FileDigest> {
  const body = JSON.stringify(bundle);
  const text = `${sha256(body)}\n${body}`;
  await writeFile(file, text);
  return { sha256: sha256(text), size: Buffer.byteLength(text) };
}

export async function readMemoryBundle(
  file: string,
  id: string,
): Promise<{ draft: CheckpointDraft; receipt: PutResult }> {
  const bytes = await readFile(file);
  const body = bytes.subarray(65);
  if (bytes.toString('latin1', 0, 65) !== `${sha256(body)}\n`) throw damagedBundle(id, 'its SHA-256 differs');
  const { manifest, parts, contents, receipt } = JSON.parse(body.toString('utf8')) as Bundle;
  if (manifest.info.id !== id) throw damagedBundle(id, `it holds ${manifest.info.id}`);
  const content: CheckpointDraft['content'] = new Map();
  for (const [digest, base64] of Object.entries(contents)) {
    const held = Buffer.from(base64, 'base64');
    async function* open(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(held);
    }
    content.set(digest, { size: held.length, open });
  }
  return { draft: { manifest, parts, content }, receipt };
}
