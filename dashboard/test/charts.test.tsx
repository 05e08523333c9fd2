import { renderToStaticMarkup } from 'react-dom/server';
import { Router } from 'wouter';
import { expect, it } from 'vitest';
import { PartsChart } from '../src/pages/reports/parts-chart.tsx';
import { TrendChart } from '../src/pages/reports/trend-chart.tsx';

const FROM = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR = 3_600_000;
const pointAt = (hour: number, ttrMs?: number) => ({
  ...{ at: new Date(FROM + hour * HOUR).toISOString(), workflowId: 'recovery/web', runId: `r${hour}` },
  ...{ status: ttrMs === undefined ? ('failed' as const) : ('recovered' as const), ...(ttrMs ? { ttrMs } : {}) },
});
const numbersOf = (html: string, pattern: RegExp): number[] =>
  [...html.matchAll(pattern)].map(([, text]) => Number(text));

it('draws each recovery at its time and height, those that did not help as crosses, and the objective as a line', () => {
  const points = [pointAt(1, 2000), pointAt(2, 4000), pointAt(3)];
  const html = renderToStaticMarkup(
    <Router ssrPath="/">
      <TrendChart playbook="process" objectiveMs={8000} points={points} from={FROM} to={FROM + 4 * HOUR} />
    </Router>,
  );
  const [x1 = 0, x2 = 0] = numbersOf(html, /<circle cx="([\d.]+)"/g);
  const [y1 = 0, y2 = 0] = numbersOf(html, /<circle cx="[\d.]+" cy="([\d.]+)"/g);
  const [objective = 0] = numbersOf(html, /class="objective"[^>]* y1="([\d.]+)"/g);
  expect(x1).toBeLessThan(x2);
  // The higher the number, the lower on the page.
  expect([y1 > y2, y2 > objective]).toEqual([true, true]);
  expect(numbersOf(html, /<path class="lost" d="M([\d.]+)/g)).toHaveLength(1);
  for (const text of ['RTO 8.0 s', '3 recoveries', 'recovered, 4.0 s', ': failed<']) expect(html).toContain(text);
});

it('draws where the time of a playbook went, and none of which there are too few', () => {
  const parts = { detection: 1000, planning: 0, humanWait: 3000, action: 2000, verification: 2000 };
  const objective = { status: 'none' as const };
  const time = { ...objective, n: 5, unrecovered: 0, meanMs: 8000, parts };
  const few = { ...objective, n: 1, unrecovered: 0 };
  const html = renderToStaticMarkup(
    <PartsChart
      byPlaybook={[
        { playbook: 'process', time },
        { playbook: 'rare', time: few },
      ]}
    />,
  );
  const widthOf = (part: string): number =>
    numbersOf(html, new RegExp(`class="part-${part}" x="[\\d.]+" width="([\\d.]+)" y="\\d+" height="16"`, 'g'))[0] ??
    -1;
  expect(widthOf('humanWait')).toBeCloseTo(3 * widthOf('detection'));
  expect(widthOf('planning')).toBe(0);
  expect(html).toContain('8.0 s');
  expect(html).not.toContain('rare');
});
