import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/domain/canonical-json.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import { buildReceipt, entryText, type ReceiptEntry, type ReceiptHead } from '../../../src/domain/receipt.ts';
import { ReceiptEntrySchema, ReceiptHeadSchema } from '../../../src/domain/receipt.schema.ts';
import type { RecoveryReport } from '../../../src/domain/report.ts';
import { verifyReceipt } from '../../../src/domain/verify-receipt.ts';
import { hashPlan } from '../../../src/planner/hash-plan.ts';
import { CRYPTO, sampleReport } from '../../support/sample-report.ts';

const KEY = 'k'.repeat(32);
const DEPS = { ...CRYPTO, hashPlan: ({ hash: _hash, ...plan }: Plan) => hashPlan(plan, CRYPTO.sha256) };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const verify = (receipt: string | Uint8Array, signKey?: string) =>
  verifyReceipt(typeof receipt === 'string' ? encode(receipt) : receipt, { ...DEPS, signKey });
const text = buildReceipt(sampleReport(), CRYPTO, KEY);
const bytes = encode(text);
const lines = text.trimEnd().split('\n');
const place = fc.nat({ max: bytes.length - 1 });
const byte = fc.nat({ max: 255 });

/** The receipt of somebody who knows how they are made. */
const forged = (change: (report: RecoveryReport) => void): string => {
  const report = sampleReport();
  change(report);
  return buildReceipt(report, CRYPTO);
};

describe('a receipt', () => {
  it('is whole, and has every field of the report in its entries', () => {
    const verdict = verify(text, KEY);
    if (!verdict.ok) throw new Error(verdict.problem);
    expect(verdict.signature).toBe('valid');
    expect(ReceiptHeadSchema.parse(verdict.head)).toEqual(verdict.head);
    expect(verdict.entries.map((entry) => ReceiptEntrySchema.parse(entry))).toEqual(verdict.entries);
    const said = canonicalJson(verdict.entries.map(({ content }) => content));
    const leaves = (value: unknown): string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, child]) => [JSON.stringify(key), ...leaves(child)])
        : [JSON.stringify(value)];
    const contents = ({ timeline, ...report }: RecoveryReport) =>
      Object.values({ timeline, ...report }).flatMap(leaves);
    expect(contents(sampleReport()).filter((leaf) => !/^"\d+"$/.test(leaf) && !said.includes(leaf))).toEqual([]);
  });

  it('has one text, whatever the order of the fields in the report', () => {
    const turned = Object.fromEntries(Object.entries(sampleReport()).reverse()) as unknown as RecoveryReport;
    expect(buildReceipt(turned, CRYPTO, KEY)).toBe(text);
  });

  it('shows every byte that was changed', () => {
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const changed = Uint8Array.from(bytes);
        changed[index]! ^= mask;
        expect(verify(changed).ok).toBe(false);
      }),
      { numRuns: 600 },
    );
  });

  it('shows every byte that is gone', () => {
    fc.assert(
      fc.property(place, (index) => {
        const changed = Uint8Array.from([...bytes.subarray(0, index), ...bytes.subarray(index + 1)]);
        expect(verify(changed).ok).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('shows every byte that was put in', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: bytes.length }),
        fc.oneof(byte, fc.constantFrom(0x20, 0x0a, 0x0d, 0x30)),
        (index, value) => {
          const changed = Uint8Array.from([...bytes.subarray(0, index), value, ...bytes.subarray(index)]);
          expect(verify(changed).ok).toBe(false);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('shows where it was cut, also between two lines', () => {
    for (let count = 0; count < lines.length; count++) {
      expect(
        verify(
          lines
            .slice(0, count)
            .map((line) => `${line}\n`)
            .join(''),
        ).ok,
      ).toBe(false);
    }
    fc.assert(fc.property(place, (index) => void expect(verify(bytes.subarray(0, index)).ok).toBe(false)));
  });

  it('shows lines in another order, twice or left out, and names the first of them', () => {
    const others = fc.integer({ min: 1, max: lines.length - 1 });
    const joined = (changed: string[]) => verify(changed.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(others, others, (a, b) => {
        fc.pre(a !== b);
        const swapped = lines.with(a, lines[b]!).with(b, lines[a]!);
        expect(joined(swapped)).toMatchObject({ ok: false, line: Math.min(a, b) + 1 });
        expect(joined(lines.toSpliced(a, 0, lines[a]!))).toMatchObject({ ok: false, line: a + 2 });
        expect(joined(lines.toSpliced(a, 1))).toMatchObject({ ok: false, line: a + 1 });
      }),
    );
  });

  it('is no other text of the same values', () => {
    const spellings: [RegExp, string][] = [
      [/"seq":1}/, '"seq":1.0}'],
      [/"seq":1}/, '"seq":1e0}'],
      [/"seq":1}/, '"seq":9,"seq":1}'],
      [/"kind":"plan"/, '"kind":"pl\\u0061n"'],
      [/"kind":"plan"/, '"kind": "plan"'],
      [/\n/, '\r\n'],
      [/^/, '\uFEFF'],
      [/$/, '\n'],
    ];
    for (const [from, to] of spellings) {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      expect(verify(changed), to).toMatchObject({ ok: false });
    }
  });

  it('names the first entry whose content was changed', () => {
    const index = lines.findIndex((line) => line.includes('"kind":"decision"'));
    expect(verify(text.replace('once more', 'once MORE'))).toEqual({
      ok: false,
      line: index + 1,
      entry: `entry ${index}, decision`,
      problem: 'its content is not what was hashed',
    });
  });

  it('notices an entry that was hashed anew, by the one after it', () => {
    const index = lines.findIndex((line) => line.includes('"kind":"decision"'));
    const entry = JSON.parse(lines[index]!) as ReceiptEntry;
    const changed: ReceiptEntry = { ...entry, content: { by: 'mallory' } };
    changed.hash = CRYPTO.sha256(entryText(changed));
    expect(verify(lines.with(index, canonicalJson(changed)).join('\n') + '\n')).toMatchObject({
      line: index + 2,
      problem: 'it does not follow what is before it',
    });
  });

  it('belongs to one recovery', () => {
    const head = JSON.parse(lines[0]!) as ReceiptHead;
    const other: ReceiptHead = { ...head, runId: 'run-2' };
    const { seal: _seal, ...rest } = other;
    other.seal = CRYPTO.sha256(canonicalJson(rest));
    expect(verify([canonicalJson(other), ...lines.slice(1), ''].join('\n'))).toMatchObject({ ok: false, line: 2 });
  });

  it('is refused where plan, approvals and result do not hold together, though all hashes fit', () => {
    expect(verify(forged((report) => (report.plan!.risk = 'high')))).toMatchObject({
      ok: false,
      entry: expect.stringMatching(/^entry \d+, plan$/) as string,
      problem: 'the hash of the plan does not fit the plan',
    });
    expect(verify(forged(({ approvals }) => (approvals[0]!.planHash = 'c'.repeat(64))))).toMatchObject({
      ok: false,
      entry: expect.stringMatching(/^entry \d+, approval$/) as string,
      problem: expect.stringMatching(/^approved by ada names plan c+, which is not in this receipt$/) as string,
    });
    expect(verify(forged(() => undefined))).toMatchObject({ ok: true, signature: 'none' });
  });

  it('shows with a key who made it, and without one says that it was not looked at', () => {
    expect(verify(text)).toMatchObject({ ok: true, signature: 'not checked' });
    expect(verify(text, 'x'.repeat(32))).toMatchObject({ ok: false, problem: 'it was signed with another key' });
    expect(
      verify(
        forged(() => undefined),
        KEY,
      ),
    ).toMatchObject({ ok: false, problem: 'it is not signed' });
  });
});
