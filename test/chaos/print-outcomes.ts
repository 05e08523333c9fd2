import type { Outcome } from './outcome.ts';

function tableOf(outcomes: readonly Outcome[]): string {
  return outcomes
    .map(({ experiment, counts, violations, skipped }) => {
      const verdict = skipped !== undefined ? `SKIPPED: ${skipped}` : violations.length === 0 ? 'holds' : 'BROKEN';
      const lines = Object.entries(counts).map(([what, count]) => `  ${what.padEnd(40)} ${String(count).padStart(7)}`);
      return [`${experiment}: ${verdict}`, ...lines, ...violations.map((text) => `  VIOLATION ${text}`)].join('\n');
    })
    .join('\n\n');
}

interface PrintOptions extends Record<string, number | boolean> {
  json: boolean;
  seed: number;
}

/** To stdout. Returns the exit code. */
export function printOutcomes(outcomes: readonly Outcome[], { json, ...about }: PrintOptions): number {
  const holds = outcomes.every(({ violations, skipped }) => violations.length === 0 && skipped === undefined);
  const document = JSON.stringify({ ...about, holds, experiments: outcomes }, null, 2);
  process.stdout.write(json ? `${document}\n` : `\n${tableOf(outcomes)}\n`);
  return holds ? 0 : 1;
}
