const HEARTBEAT_MS = 15_000;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export function formatDuration(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A line that is redrawn on a terminal, and repeated every 15 s elsewhere, so that nothing ever looks hung. */
function createHeartbeat(label, started, out) {
  const state = { detail: '' };
  const text = () => `${label} ${formatDuration(Date.now() - started)}${state.detail && `, ${state.detail}`}`;
  let frame = 0;
  const draw = () =>
    out.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${text()}`.slice(0, (out.columns ?? 80) + 4));
  const repeat = () => out.write(`${text()}\n`);
  const timer = out.isTTY ? setInterval(draw, 120) : setInterval(repeat, HEARTBEAT_MS);
  return {
    detail: (line) => (state.detail = line),
    stop: () => {
      clearInterval(timer);
      if (out.isTTY) out.write('\r\x1b[2K');
    },
  };
}

/** Numbered steps on stderr, since stdout belongs to data. */
export function createSteps(total, out = process.stderr) {
  let number = 0;
  return {
    /** `task` may call `report(line)`, and returns what the closing line of the step says. */
    async step(title, task) {
      number += 1;
      const label = `[${number}/${total}] ${title}`;
      const started = Date.now();
      const heartbeat = createHeartbeat(label, started, out);
      try {
        const result = await task(heartbeat.detail);
        heartbeat.stop();
        out.write(`${label}: ${result} (${formatDuration(Date.now() - started)})\n`);
      } catch (error) {
        heartbeat.stop();
        out.write(`${label}: failed (${formatDuration(Date.now() - started)})\n`);
        throw error;
      }
    },
  };
}
