/** Asks again after so many milliseconds, and once for all who ask meanwhile. A failure is not kept. */
export function cached<T>(
  read: () => Promise<T>,
  forMs: number,
  clock: () => number = () => Date.now(),
): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | undefined;
  return () => {
    if (last && clock() - last.at < forMs) return last.value;
    const asked = { at: clock(), value: read() };
    last = asked;
    asked.value.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.value;
  };
}
