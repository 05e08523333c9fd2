/** For a worker that does not trace: it may be handed workflows whose start was traced, and would complain of their spans. */
export const DROPPED_SPANS = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };
