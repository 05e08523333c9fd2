export interface IdleWatch {
  readonly signal: AbortSignal;
  /** Tells that bytes have moved. */
  moved(): void;
}

/** Ends the work when nothing has moved for so long: a slow transfer may take hours, a stuck one not a minute. */
export async function withIdleLimit<T>(limitMs: number, work: (watch: IdleWatch) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, limitMs);
  try {
    return await work({ signal: controller.signal, moved: () => void timer.refresh() });
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    const seconds = String(Math.round(limitMs / 100) / 10);
    throw Object.assign(new Error(`nothing came or went for ${seconds} s`, { cause: error }), { name: 'TimeoutError' });
  } finally {
    clearTimeout(timer);
  }
}

/** Passes chunks on and tells the watch of each. */
export async function* watched(source: AsyncIterable<Buffer>, watch: IdleWatch): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    watch.moved();
    yield chunk;
  }
}
