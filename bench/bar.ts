/** What was wished for beside what came out. */
export interface Bar {
  what: string;
  figure: number;
  /** At most. */
  bar: number;
  unit: string;
  holds: boolean;
}

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** A figure that is no number holds no bar. */
export const atMost = (what: string, figure: number, bar: number, unit = 'ms'): Bar => ({
  what,
  figure,
  bar: rounded(bar, 2),
  unit,
  holds: figure <= bar,
});

/** To three digits behind the point. */
export const ratioOf = (ours: number, yardstick: number): number => rounded(ours / yardstick, 3);
