/** So long an answer is good for those who ask the same, in milliseconds: less than anybody sees. */
const GOOD_FOR_MS = 250;
const MOST = 500;

/**
 * Lets those who ask the same at the same moment share one look: a page that many people have open costs as much as one.
 * A change that goes through this process, and news that a stream tells, end what was looked at before.
 */
export function createSharedLooks(now: () => number = () => performance.now()) {
  const looks = new Map<string, { at: number; answer: Promise<unknown> }>();
  return {
    changed: (): void => looks.clear(),
    look<T>(key: string, work: () => Promise<T>): Promise<T> {
      const known = looks.get(key);
      if (known && now() - known.at < GOOD_FOR_MS) return known.answer as Promise<T>;
      if (looks.size >= MOST) looks.clear();
      const look = { at: now(), answer: work() };
      looks.set(key, look);
      // What failed is tried anew by the next one.
      look.answer.catch(() => looks.get(key) === look && looks.delete(key));
      return look.answer;
    },
  };
}
