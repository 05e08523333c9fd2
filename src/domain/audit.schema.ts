import { z } from 'zod';
import { Sha256Schema } from './names.schema.ts';

/** What becomes of a changing request: it is meant, it has ended, or it was refused before anything was done. */
export const AUDIT_KINDS = ['opened', 'intent', 'outcome', 'refused'] as const;

/** One line of the audit. It holds no body and no secret. */
export const AuditEntrySchema = z.object({
  /** Place in its file, from 1. */
  seq: z.number().int().min(1),
  kind: z.enum(AUDIT_KINDS),
  at: z.string(),
  requestId: z.string().optional(),
  actor: z.string().optional(),
  roles: z.array(z.string()).optional(),
  via: z.string().optional(),
  method: z.string().optional(),
  /** As in the contract, such as `/api/v1/recoveries/{id}/kill`. */
  route: z.string().optional(),
  /** What the request is about: an id, a target or a name. */
  target: z.string().optional(),
  reason: z.string().optional(),
  status: z.number().int().optional(),
  /** Of the problem that it was answered with. */
  code: z.string().optional(),
  /** `opened`: the file before this one, and the hash of its last whole line. */
  follows: z.object({ file: z.string(), hash: z.string() }).optional(),
  /** Hash of the line before; of the first line: 64 zeros. */
  previous: Sha256Schema,
  /** SHA-256 over the canonical text of all the rest. */
  hash: Sha256Schema,
});

export type AuditEntry = z.infer<typeof AuditEntrySchema>;
