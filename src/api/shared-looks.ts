/** So long after it came an answer is good for those who ask the same, in milliseconds: less than anybody sees. */
const GOOD_FOR_MS = 250;
const MOST = 500;

/**
 * Lets those who ask the same at the same moment share one look: a page that many people have open costs as much as one.
 * A change that goes through this process, and news that a stream tells, end what was looked at before.
 */
export function createSharedLooks(now: () => number = () => performance.now()) {
  const looks = new Map<string, { goodUntil: number; answer: Promise<unknown> }>();
  return {
    changed: (): void => looks.clear(),
    look<T>(key: string, work: () => Promise<T>): Promise<T> {
      const known = looks.get(key);
      if (known && now() < known.goodUntil) return known.answer as Promise<T>;
      if (looks.size >= MOST) looks.clear();
      const answer = work();
      // As long as it takes: where answers are slow, more questions make them slower.
      const look = { goodUntil: Number.POSITIVE_INFINITY, answer };
      looks.set(key, look);
      answer.then(
        () => (look.goodUntil = now() + GOOD_FOR_MS),
        // What failed is tried anew by the next one.
        () => looks.get(key) === look && looks.delete(key),
      );
      return answer;
    },
  };
}
