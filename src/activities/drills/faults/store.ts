import { chmod, open, readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { digestFile } from '../../../store/digest-file.ts';
import { locateOwnContent } from '../../../store/git-store/locate-content.ts';
import { inside, isThere, type Faults } from './fault.ts';

/** A byte of a stored pack, as it was. */
interface KeptByte {
  file: string;
  at: number;
  byte: number;
}

/** Nobody may write what is stored, not even its owner. */
const READ_ONLY = 0o444;

async function withPack<T>(file: string, work: (pack: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  await chmod(file, 0o600);
  try {
    const pack = await open(file, 'r+');
    try {
      return await work(pack);
    } finally {
      await pack.close();
    }
  } finally {
    await chmod(file, READ_ONLY);
  }
}

const writeByte = (file: string, at: number, byte: number): Promise<unknown> =>
  withPack(file, (pack) => pack.write(Uint8Array.of(byte), 0, 1, at));

async function findByte(storePath: string, file: string): Promise<KeptByte> {
  const place = await locateOwnContent(storePath, (await digestFile(file)).sha256);
  const at = Math.floor((place.from + place.to) / 2);
  const pack = await open(place.file);
  try {
    const { buffer } = await pack.read(Buffer.alloc(1), 0, 1, at);
    return { file: place.file, at, byte: buffer.readUInt8(0) };
  } finally {
    await pack.close();
  }
}

const readKept = async (kept: string): Promise<KeptByte | undefined> =>
  (await isThere(kept)) ? (JSON.parse(await readFile(kept, 'utf8')) as KeptByte) : undefined;

export const STORE_FAULTS: Faults<'flipBitInStore'> = {
  flipBitInStore: {
    async inject({ path: name }, context) {
      const kept = (await readKept(context.kept)) ?? (await findByte(context.storePath, await inside(context, name)));
      await writeFileAtomic(context.kept, JSON.stringify(kept));
      await writeByte(kept.file, kept.at, kept.byte ^ 1);
    },
    /** A pack that a repair has put aside meanwhile held nothing that anybody else needs. */
    async takeBack(_fault, context) {
      const kept = await readKept(context.kept);
      if (kept && (await isThere(kept.file))) await writeByte(kept.file, kept.at, kept.byte);
    },
  },
};
