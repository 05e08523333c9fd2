/**
 * Waits for a condition, never for a time; the limit only turns a hang into a failure. It looks less often the longer it
 * lasts: a workflow that is asked over and over on a busy machine gets nothing else done.
 */
export async function until<T>(look: () => Promise<T | undefined | false>, what: string, limitMs = 60_000): Promise<T> {
  const started = Date.now();
  for (;;) {
    const found = await look();
    if (found) return found;
    const waited = Date.now() - started;
    if (waited > limitMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(waited / 10, 20), 500)));
  }
}
