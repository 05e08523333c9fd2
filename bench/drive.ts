export interface Batch {
  /** From start to result, one by one. */
  ms: number[];
  /** From the first start to the last result. */
  wallMs: number;
}

/** Does the work `count` times, `inFlight` at a time: the next one starts as soon as one has ended. */
export async function drive(count: number, inFlight: number, work: () => Promise<unknown>): Promise<Batch> {
  const ms: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const started = performance.now();
      await work();
      ms.push(performance.now() - started);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { ms, wallMs: performance.now() - started };
}
