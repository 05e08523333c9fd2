import { LOOPBACK } from '../../src/embedded/server-flags.ts';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Prometheus' text form; comments and what is no number are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined || Number.isNaN(Number(value))) return [];
    const found = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text]);
    return [{ name, labels: Object.fromEntries(found) as Record<string, string>, value: Number(value) }];
  });
}

/** Counters of one metric, added up by one of its labels. */
export function sumBy(
  samples: readonly Sample[],
  metric: string,
  label: string,
  wanted: (labels: Record<string, string>) => boolean = () => true,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    if (name !== metric || !wanted(labels)) continue;
    const key = labels[label] ?? '';
    sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}

/** What has been added since, without what has not changed. */
export const grown = (before: Record<string, number>, after: Record<string, number>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(after)
      .map(([key, value]) => [key, value - (before[key] ?? 0)] as const)
      .filter(([, value]) => value > 0)
      .sort(([a], [b]) => a.localeCompare(b)),
  );

export async function fetchMetrics(port: number): Promise<Sample[]> {
  const answer = await fetch(`http://${LOOPBACK}:${String(port)}/metrics`);
  if (!answer.ok) throw new Error(`the server's metrics answered ${String(answer.status)}`);
  return parseMetrics(await answer.text());
}
