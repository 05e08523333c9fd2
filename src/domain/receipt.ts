import { canonicalJson } from './canonical-json.ts';
import type { ReceiptEntry, ReceiptHead } from './receipt.schema.ts';
import type { RecoveryReport } from './report.ts';
export type { ReceiptEntry, ReceiptHead } from './receipt.schema.ts';

export const RECEIPT_ENTRY_KINDS = [
  'failure',
  'joined',
  'classification',
  'strategy',
  'plan',
  'approval',
  'decision',
  'action',
  'compensation',
  'probes',
  'checkpoint',
  'timeline',
  'times',
  'result',
] as const;
export type ReceiptEntryKind = (typeof RECEIPT_ENTRY_KINDS)[number];

/** Digests, handed in since this folder is free of Node. Hexadecimal digits of a UTF-8 text. */
export interface ReceiptCrypto {
  sha256: (text: string) => string;
  hmacSha256: (key: string, text: string) => string;
}

interface Part {
  kind: ReceiptEntryKind;
  content: unknown;
}

/** A report in the order in which things happened. Every field of it is in one of the parts. */
function partsOf(report: RecoveryReport): Part[] {
  const { schemaVersion, failure, joined, classification, plan, actions, failedStrategies, approvals, ...others } =
    report;
  const { decisions, verification, compensations, restored, times, durations, timeline, ...result } = others;
  const each = (kind: ReceiptEntryKind, contents: readonly unknown[] = []): Part[] =>
    contents.map((content) => ({ kind, content }));
  return [
    { kind: 'failure', content: failure },
    ...each('joined', joined),
    ...each('classification', classification ? [classification] : []),
    ...each('strategy', failedStrategies),
    ...each('plan', plan ? [plan] : []),
    ...each('approval', approvals),
    ...each('decision', decisions),
    ...each('action', actions),
    ...each('compensation', compensations),
    { kind: 'probes', content: verification },
    ...each('checkpoint', restored ? [restored] : []),
    { kind: 'timeline', content: timeline },
    { kind: 'times', content: { times, durations } },
    { kind: 'result', content: { schemaVersion, ...result } },
  ];
}

/** What the hash of an entry is over. */
export const entryText = ({ hash: _hash, ...hashed }: ReceiptEntry): string => canonicalJson(hashed);

/** What the first entry follows: the names of the head, so that a receipt cannot be given to another recovery. */
export function genesisText(head: ReceiptHead): string {
  const { lastHash: _lastHash, signature: _signature, seal: _seal, ...names } = head;
  return canonicalJson(names);
}

export const sealText = ({ seal: _seal, ...rest }: ReceiptHead): string => canonicalJson(rest);

/** What is signed: nobody signs it by accident when they sign something else with the same key. */
export const signedText = (lastHash: string): string => `rerail receipt ${lastHash}`;

/**
 * The receipt of a recovery (requirement 7.4): JSON lines, the head and then one entry for each thing that was known,
 * decided or done, each with the hash of the one before it. The text is canonical: one receipt has one text.
 */
export function buildReceipt(report: RecoveryReport, crypto: ReceiptCrypto, signKey?: string): string {
  const { sha256, hmacSha256 } = crypto;
  // What JSON leaves out, such as a field that is undefined, must not be hashed either.
  const parts = partsOf(JSON.parse(JSON.stringify(report)) as RecoveryReport);
  const head: ReceiptHead = {
    kind: 'rerail-receipt',
    schemaVersion: 1,
    recoveryId: report.workflowId,
    runId: report.runId,
    entries: parts.length,
    lastHash: '',
    seal: '',
  };
  head.lastHash = sha256(genesisText(head));
  const lines = parts.map(({ kind, content }, index) => {
    const entry: ReceiptEntry = {
      seq: index + 1,
      kind,
      content: content as ReceiptEntry['content'],
      previous: head.lastHash,
      hash: '',
    };
    entry.hash = head.lastHash = sha256(entryText(entry));
    return canonicalJson(entry);
  });
  if (signKey !== undefined) head.signature = hmacSha256(signKey, signedText(head.lastHash));
  head.seal = sha256(sealText(head));
  return [canonicalJson(head), ...lines, ''].join('\n');
}
