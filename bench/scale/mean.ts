/** To two digits behind the point. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;

export const mean = (values: readonly number[]): number =>
  rounded(values.reduce((sum, value) => sum + value, 0) / values.length);

export const perOne = (counts: Record<string, number>, count: number): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, rounded(value / count)]));

export const total = (counts: Record<string, number>): number =>
  rounded(Object.values(counts).reduce((sum, value) => sum + value, 0));
