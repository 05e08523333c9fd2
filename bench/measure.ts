export interface Summary {
  n: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Every mean comes with n, p50, p90, p99 and max. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { n: sorted.length, mean: rounded(mean), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
