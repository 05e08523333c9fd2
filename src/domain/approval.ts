import type { ApprovalPolicy, ApprovalSignature, ApproveInput } from './approval.schema.ts';
import { canonicalJson } from './canonical-json.ts';
export type {
  ApprovalPolicy,
  ApprovalSignature,
  ApproveInput,
  CompleteManualStepInput,
  ContinueInput,
  DecideInput,
  Decision,
  DenyInput,
  Impact,
  PauseInput,
} from './approval.schema.ts';
export type { ApprovalRecord } from './report.schema.ts';

export type Verdict = 'approved' | 'denied';

/** Two spellings of one person are one person: quorum and self-approval look at this. */
export const samePerson = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Whose answers count, in words; empty where any one person's does. */
export function describePolicy(
  { required, roles, selfApproval, authenticated }: ApprovalPolicy,
  granted: number,
): string[] {
  return [
    ...(required > 1 ? [`${granted} of ${required} approvals`] : []),
    ...(roles.length > 0 ? [`roles ${roles.join(', ')}`] : []),
    ...(selfApproval === false ? ['not by who reported it'] : []),
    ...(authenticated ? ['signed by the HTTP API only'] : []),
  ];
}

/** Digests handed in, since this folder is free of Node. Hexadecimal digits. */
export interface ApprovalCrypto {
  sha256: (text: string) => string;
  hmacSha256: (key: string, text: string) => string;
}

/** Names a key without giving it away. */
export const approvalKeyId = (key: string, { sha256 }: ApprovalCrypto): string =>
  sha256(`rerail approval key ${key}`).slice(0, 16);

/** The text that a signature is over: everything that gives the answer its meaning, and which recovery it is for. */
export function approvalStatement(workflowId: string, verdict: Verdict, input: ApproveInput): string {
  const { signature, ...answer } = input;
  const { value: _value, ...terms } = signature ?? {};
  return canonicalJson({ workflowId, verdict, answer, terms });
}

export interface SignOptions {
  workflowId: string;
  /** Of the recovery's present execution. */
  runId: string;
  verdict: Verdict;
  key: string;
  now: Date;
  /** How long the signed answer may be on its way. */
  ttlMs: number;
}

/** The answer with a signature of whoever has authenticated the person. */
export function signApproval(input: ApproveInput, options: SignOptions, crypto: ApprovalCrypto): ApproveInput {
  const { workflowId, runId, verdict, key, now, ttlMs } = options;
  const terms: Omit<ApprovalSignature, 'value'> = {
    keyId: approvalKeyId(key, crypto),
    runId,
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + ttlMs).toISOString(),
  };
  const unsigned = { ...input, signature: { ...terms, value: '' } };
  const value = crypto.hmacSha256(key, approvalStatement(workflowId, verdict, unsigned));
  return { ...input, signature: { ...terms, value } };
}

export interface SignedAnswer {
  workflowId: string;
  runId: string;
  verdict: Verdict;
  input: ApproveInput;
}

/** Clocks of two machines differ a little. */
const CLOCK_SKEW_MS = 30_000;

/** Why a signed answer does not count, or undefined. */
export function signatureRefusal(
  { workflowId, runId, verdict, input }: SignedAnswer,
  keys: readonly string[],
  now: Date,
  crypto: ApprovalCrypto,
): string | undefined {
  const { signature } = input;
  if (!signature) return 'it is not signed';
  const key = keys.find((candidate) => approvalKeyId(candidate, crypto) === signature.keyId);
  if (key === undefined) return `the workers hold no key ${signature.keyId}`;
  if (signature.runId !== runId) return 'it was signed for another execution of this recovery';
  if (now.getTime() > Date.parse(signature.expiresAt)) return `its signature was good until ${signature.expiresAt}`;
  if (now.getTime() < Date.parse(signature.issuedAt) - CLOCK_SKEW_MS) return 'it was signed in the future';
  const expected = crypto.hmacSha256(key, approvalStatement(workflowId, verdict, input));
  return sameText(expected, signature.value) ? undefined : 'its signature does not fit what it says';
}

/** Takes as long for a wrong first digit as for a wrong last one. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index % b.length);
  return difference === 0;
}
