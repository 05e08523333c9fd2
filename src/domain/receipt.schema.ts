import { z } from 'zod';
import { JsonSchema, Sha256Schema } from './names.schema.ts';
import { RECEIPT_ENTRY_KINDS } from './receipt.ts';

/** First line of a receipt. */
export const ReceiptHeadSchema = z.strictObject({
  kind: z.literal('rerail-receipt'),
  schemaVersion: z.literal(1),
  recoveryId: z.string().min(1),
  runId: z.string().min(1),
  /** Lines that follow. */
  entries: z.number().int().min(1),
  /** Hash of the last entry. As each one is over that before it, and the first over this line's names, it stands for all. */
  lastHash: Sha256Schema,
  /** HMAC-SHA-256 over the last hash. */
  signature: Sha256Schema.optional(),
  /** SHA-256 over the rest of this line. */
  seal: Sha256Schema,
});

/** Every further line. */
export const ReceiptEntrySchema = z.strictObject({
  seq: z.number().int().min(1),
  kind: z.enum(RECEIPT_ENTRY_KINDS),
  content: JsonSchema,
  previous: Sha256Schema,
  /** SHA-256 over the canonical text of the fields above. */
  hash: Sha256Schema,
});

export type ReceiptHead = z.infer<typeof ReceiptHeadSchema>;
export type ReceiptEntry = z.infer<typeof ReceiptEntrySchema>;
