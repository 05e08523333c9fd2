import { canonicalJson } from './canonical-json.ts';
import { namesPlan, type Plan } from './plan.ts';
import {
  entryText,
  genesisText,
  RECEIPT_ENTRY_KINDS,
  sealText,
  signedText,
  type ReceiptCrypto,
  type ReceiptEntry,
  type ReceiptEntryKind,
  type ReceiptHead,
} from './receipt.ts';

export interface VerifyDeps extends ReceiptCrypto {
  hashPlan: (plan: Plan) => string;
  /** Given: the signature is checked and must be there. */
  signKey?: string | undefined;
}

export type ReceiptVerdict =
  | {
      ok: true;
      head: ReceiptHead;
      entries: ReceiptEntry[];
      signature: 'valid' | 'not checked' | 'none';
    }
  /** `line` counts from 1, the head's, as editors do; the first that does not fit. */
  | { ok: false; line: number; entry: string; problem: string };

class Misfit extends Error {
  readonly line: number;
  readonly entry: string;

  constructor(line: number, entry: string, problem: string) {
    super(problem);
    this.line = line;
    this.entry = entry;
  }
}

const nameOf = (line: number, kind?: string): string =>
  line === 1 ? 'the head' : `entry ${line - 1}${kind ? `, ${kind}` : ''}`;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 1;
const isDigest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const HEAD: Record<keyof ReceiptHead, Check> = {
  kind: (value) => value === 'rerail-receipt',
  schemaVersion: (value) => value === 1,
  recoveryId: isText,
  runId: isText,
  entries: isCount,
  lastHash: isDigest,
  signature: (value) => value === undefined || isDigest(value),
  seal: isDigest,
};
const ENTRY: Record<keyof ReceiptEntry, Check> = {
  seq: isCount,
  kind: (value) => RECEIPT_ENTRY_KINDS.some((kind) => kind === value),
  content: (value) => value !== undefined,
  previous: isDigest,
  hash: isDigest,
};

function shapeProblem(value: unknown, shape: Record<string, Check>): string | undefined {
  if (!isRecord(value)) return 'it is not an object';
  const alien = Object.keys(value).find((key) => !Object.hasOwn(shape, key));
  if (alien !== undefined) return `it has a field ${JSON.stringify(alien)}, which receipts have not`;
  const bad = Object.entries(shape).find(([key, check]) => !check(Object.hasOwn(value, key) ? value[key] : undefined));
  return bad && `its field ${bad[0]} is not as it should be`;
}

/** A line, provided that it is written in the one way in which it can be. */
function readLine<Shape>(text: string, line: number, shape: Record<keyof Shape & string, Check>): Shape {
  const misfit = (problem: string): Misfit => new Misfit(line, nameOf(line), problem);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw misfit('it is not JSON');
  }
  const problem = shapeProblem(value, shape);
  if (problem !== undefined) throw misfit(problem);
  // Spaces, another order, a key twice, another spelling of a number: equal as values, and not what was written.
  if (canonicalJson(value) !== text) throw misfit('it is not written as it was: its bytes were changed');
  return value as Shape;
}

/** The lines of the file, whose last byte ends the last of them. */
function linesOf(bytes: Uint8Array): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const line = whole.slice(0, whole.indexOf('\uFFFD')).split('\n').length;
    throw new Misfit(line, nameOf(line), 'it is not UTF-8');
  }
  const lines = text.split('\n');
  if (lines.pop() !== '') {
    throw new Misfit(lines.length + 1, nameOf(lines.length + 1), 'its line has no end: the file was cut or added to');
  }
  return lines;
}

function checkChain(head: ReceiptHead, lines: readonly string[], sha256: ReceiptCrypto['sha256']): ReceiptEntry[] {
  let previous = sha256(genesisText(head));
  const entries = lines.map((text, index) => {
    const line = index + 2;
    const entry = readLine<ReceiptEntry>(text, line, ENTRY);
    const misfit = (problem: string): Misfit => new Misfit(line, nameOf(line, entry.kind), problem);
    if (entry.seq !== index + 1) throw misfit(`it says that it is entry ${entry.seq}`);
    if (entry.previous !== previous) throw misfit('it does not follow what is before it');
    if (entry.hash !== sha256(entryText(entry))) throw misfit('its content is not what was hashed');
    previous = entry.hash;
    return entry;
  });
  const [count, wanted] = [entries.length, head.entries];
  if (count !== wanted) {
    const line = Math.min(count, wanted) + 2;
    throw new Misfit(line, nameOf(line), `there are ${count} entries, and there were ${wanted}`);
  }
  if (head.lastHash !== previous) throw new Misfit(1, nameOf(1), 'its last hash is not that of the last entry');
  return entries;
}

/** Whole receipts can be made up; what they say must at least hold together. */
function checkMeaning(head: ReceiptHead, entries: readonly ReceiptEntry[], hashPlan: VerifyDeps['hashPlan']): void {
  /** Contents of a kind, each with the texts that are looked at. */
  const read = <Field extends string>(wanted: ReceiptEntryKind, ...fields: Field[]) =>
    entries
      .filter(({ kind }) => kind === wanted)
      .map(({ seq, content }) => {
        const fail = (problem: string): never => {
          throw new Misfit(seq + 1, nameOf(seq + 1, wanted), problem);
        };
        const record: Record<string, unknown> = isRecord(content) ? content : fail('its content is not an object');
        const bad = fields.find((field) => typeof record[field] !== 'string');
        if (bad !== undefined) fail(`its content has no ${bad}`);
        return { content: record, texts: record as Record<Field, string>, fail };
      });
  const hashes = read('strategy', 'planHash').map(({ texts }) => texts.planHash);
  for (const { content, texts, fail } of read('plan', 'hash')) {
    if (hashPlan(content as unknown as Plan) !== texts.hash) fail('the hash of the plan does not fit the plan');
    hashes.push(texts.hash);
  }
  for (const { texts, fail } of read('approval', 'planHash', 'by', 'verdict')) {
    if (hashes.some((hash) => namesPlan(texts.planHash, hash))) continue;
    fail(`${texts.verdict} by ${texts.by} names plan ${texts.planHash || 'none'}, which is not in this receipt`);
  }
  const results = read('result', 'workflowId', 'runId');
  const [result] = results;
  if (!result || results.length > 1) throw new Misfit(1, nameOf(1), `it has ${results.length} results`);
  const { workflowId, runId } = result.texts;
  if (workflowId !== head.recoveryId || runId !== head.runId) result.fail('it is the result of another recovery');
}

function checkSignature(head: ReceiptHead, { signKey, hmacSha256 }: VerifyDeps): 'valid' | 'not checked' | 'none' {
  if (signKey === undefined) return head.signature === undefined ? 'none' : 'not checked';
  if (head.signature === undefined) throw new Misfit(1, nameOf(1), 'it is not signed');
  if (head.signature === hmacSha256(signKey, signedText(head.lastHash))) return 'valid';
  throw new Misfit(1, nameOf(1), 'it was signed with another key');
}

/**
 * Checks a receipt by itself, byte by byte: any change of the file is found and placed. Without a signature it proves that
 * nobody has changed a part of it, not that nobody has written it anew.
 */
export function verifyReceipt(bytes: Uint8Array, deps: VerifyDeps): ReceiptVerdict {
  try {
    const [first = '', ...rest] = linesOf(bytes);
    const head = readLine<ReceiptHead>(first, 1, HEAD);
    if (head.seal !== deps.sha256(sealText(head))) throw new Misfit(1, nameOf(1), 'its seal is broken');
    const entries = checkChain(head, rest, deps.sha256);
    checkMeaning(head, entries, deps.hashPlan);
    return { ok: true, head, entries, signature: checkSignature(head, deps) };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return { ok: false, line: error.line, entry: error.entry, problem: error.message };
  }
}
