import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atMost } from '../../../bench/bar.ts';
import { drive } from '../../../bench/drive.ts';
import { contenderOf, measureLoad } from '../../../bench/engine/load.ts';

describe('drive', () => {
  it('does all of the work once and keeps as many in flight as there are to do', async () => {
    const counts = fc.record({ count: fc.nat(50), inFlight: fc.integer({ min: 1, max: 20 }) });
    await fc.assert(
      fc.asyncProperty(counts, async ({ count, inFlight }) => {
        let [open, most, done] = [0, 0, 0];
        const { ms } = await drive(count, inFlight, async () => {
          most = Math.max(most, (open += 1));
          await Promise.resolve();
          open -= 1;
          done += 1;
        });
        expect([done, ms.length, most]).toEqual([count, count, Math.min(count, inFlight)]);
      }),
    );
  });

  it('fails with the work', async () => {
    await expect(drive(3, 2, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});

describe('measureLoad', () => {
  it('counts every round of every contender and leaves the warm-up out', async () => {
    const work = (): Promise<void> => Promise.resolve();
    const contenders = [contenderOf('a', work), { ...contenderOf('b', work), oneAtATime: true }];
    const levels = [
      { inFlight: 1, count: 4 },
      { inFlight: 8, count: 6 },
    ];
    const loads = await measureLoad(contenders, { rounds: 3, levels });
    const n = Object.entries(loads).map(([level, of]) => [
      level,
      Object.entries(of).map(([name, load]) => [name, load.n]),
    ]);
    expect(n).toEqual([
      [
        '1',
        [
          ['a', 12],
          ['b', 12],
        ],
      ],
      ['8', [['a', 18]]],
    ]);
  });
});

describe('atMost', () => {
  it('holds at the bar, not above it, and not without a figure', () => {
    expect([1.15, 1.151, Number.NaN].map((figure) => atMost('it', figure, 1.15).holds)).toEqual([true, false, false]);
  });
});
