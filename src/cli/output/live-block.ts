/** Lines at the end of the terminal that are drawn anew each time; they stay where they are after the end. */
export interface LiveBlock {
  draw: (text: string) => void;
  end: () => void;
}

/** On stderr, as all that is no result. Loaded only where somebody looks. */
export async function createLiveBlock(): Promise<LiveBlock> {
  const { createLogUpdate } = await import('log-update');
  const update = createLogUpdate(process.stderr);
  return { draw: (text) => update(text), end: () => update.done() };
}
