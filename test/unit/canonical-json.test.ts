import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../src/domain/canonical-json.ts';

/** The same value with every object's keys put in again in another order. */
function shuffled(value: Json, random: () => number): Json {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value)
    .map((key) => [random(), key] as const)
    .sort(([a], [b]) => a - b);
  return Object.fromEntries(keys.map(([, key]) => [key, shuffled(value[key] ?? null, random)]));
}

describe('canonicalJson', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (value, randoms) => {
        const random = () => (randoms.next().value as number | undefined) ?? 0;
        expect(canonicalJson(shuffled(value as Json, random))).toBe(canonicalJson(value));
      }),
    );
  });

  test('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('is equal for equal values and for no others', () => {
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (a, b) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isDeepStrictEqual(plain(a), plain(b)));
      }),
    );
  });

  test('sorts by code unit at every depth and keeps the order of arrays', () => {
    expect(canonicalJson({ b: [{ z: 1, a: 2 }, 'x'], a: { é: 1, e: 2, Z: 3 } })).toBe(
      '{"a":{"Z":3,"e":2,"é":1},"b":[{"a":2,"z":1},"x"]}',
    );
  });

  test('leaves out undefined as JSON does, and takes undefined itself for null', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson(undefined)).toBe('null');
  });

  test('keeps a key named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":1,"a":2}'))).toBe('{"__proto__":1,"a":2}');
  });
});
