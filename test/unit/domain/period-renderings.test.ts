import { describe, expect, it } from 'vitest';
import { periodReportHtml } from '../../../src/domain/period-report-html.ts';
import { periodReportMarkdown } from '../../../src/domain/period-report-markdown.ts';
import { drillFact, recoveryFact, reportOf } from '../../support/period-facts.ts';

const EVIL = `</td><script>alert("1")</script> | & # [x](http://elsewhere)`;
const full = () =>
  reportOf(
    [1, 2, 3, 4, 5].map((number) => recoveryFact(number, { message: EVIL, target: EVIL })),
    [drillFact(1, { verdict: 'failed', problem: EVIL })],
  );

/** The cells of the first row below the heading. */
function rowOf(markdown: string, heading: string): string[] {
  const part = markdown.slice(markdown.indexOf(`## ${heading}`));
  const [, , row = ''] = part.split('\n').filter((line) => line.startsWith('|'));
  return row
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);
}

describe('as Markdown', () => {
  it('has a row for each playbook with objective, figures, n and status', () => {
    const text = periodReportMarkdown(full());
    expect(text).toMatch(/^# Recoveries from 2026-01-01 to 2026-02-01\n/);
    expect(text).toContain('Success: 5 of 5, 100 %');
    expect(rowOf(text, 'Time to recover')).toEqual([
      ...['restart', '1m 00s', '30.0s', '50.0s', '50.0s', '5', '0', '5 of 5', 'met'],
    ]);
    expect(rowOf(text, 'Mean time')).toEqual([
      ...['restart', '5', '30.0s', '1.00s', '500ms', '0ms', '26.5s', '2.00s', '30.0s', '50.0s', '50.0s'],
    ]);
    expect(rowOf(text, 'Drills').slice(0, 9)).toEqual([
      ...['kill', 'restart', '0 of 1', 'failed', '2026-01-01 12:00', '30.0s', '2.00s', 'too few', 'too few'],
    ]);
  });

  it('quotes what failed as plain text', () => {
    expect(periodReportMarkdown(full())).not.toMatch(/[^\\]<script|[^\\]\[x/);
  });

  it('says "too few" below five, and what is missing of an empty period', () => {
    const few = periodReportMarkdown(reportOf([recoveryFact(1)]));
    expect(rowOf(few, 'Time to recover')).toEqual([
      ...['restart', '1m 00s', 'too few', 'too few', 'too few', '1', '0', '1 of 1', 'too few'],
    ]);
    const none = periodReportMarkdown(reportOf([]));
    expect(none).toContain('No recovery has closed.');
    expect(none).toContain('No drill was run.');
  });
});

describe('as HTML', () => {
  it('is one page that loads and runs nothing', () => {
    const page = periodReportHtml(full());
    expect(page).toContain(`content="default-src 'none'`);
    expect(page).not.toMatch(/<script|<link|<img|\ssrc=|url\(|@import|<a\s/);
    expect(page).toContain('&#60;script&#62;');
    expect(page.match(/<circle /g)).toHaveLength(5);
    expect(page).toContain('@media print');
  });

  it('draws no chart of too few', () => {
    expect(periodReportHtml(reportOf([recoveryFact(1)]))).not.toContain('class="part-');
    expect(periodReportHtml(reportOf([]))).not.toContain('<svg');
  });
});
