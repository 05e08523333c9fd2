import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { BULK_STATUSES } from '../../src/domain/bulk.ts';
import type { BulkReport } from '../src/api/types.ts';
import { BulkProgress, isUnderWay } from '../src/pages/bulks/bulk-report.tsx';
import { BulkPreviewList } from '../src/pages/bulks/new-bulk.tsx';
import { BULK_LOOKS } from '../src/words/statuses.ts';

const REPORT: BulkReport = {
  name: 'outage',
  query: "WorkflowType = 'order' AND a < 1",
  how: 'reset',
  dryRun: false,
  status: 'running',
  found: 9,
  counts: { recovered: 3, running: 1, failed: 2, skipped: 0, open: 1 },
  first: [],
  executions: [
    { workflowId: 'order-1', runId: 'r1', result: 'failed', note: 'no <stock>', at: '2026-01-01T12:00:00.000Z' },
  ],
  changes: [{ at: '2026-01-01T12:00:00.000Z', what: 'paused', by: 'ada', reason: 'a look' }],
  startedAt: '2026-01-01T12:00:00.000Z',
};

describe.each(BULK_STATUSES)('a bulk recovery that is %s', (status) => {
  it('is drawn with its word, how far it is, and what became of what', () => {
    const html = renderToStaticMarkup(<BulkProgress report={{ ...REPORT, status }} />);
    for (const each of BULK_STATUSES) expect(html.includes(`</svg>${BULK_LOOKS[each].word}<`)).toBe(each === status);
    expect(html).toContain('<progress aria-label="Treated" max="9" value="6">');
    for (const text of [
      '6 of 9 treated',
      '3 recovered',
      '2 failed',
      'order-1',
      'no &lt;stock&gt;',
      'paused by ada: a look',
    ])
      expect(html).toContain(text);
    expect(isUnderWay(status)).toBe(['running', 'paused'].includes(status));
  });
});

it('names the first of many, and says how many more there are', () => {
  const preview = {
    name: 'outage',
    how: 'reset' as const,
    dryRun: true as const,
    found: 3,
    first: ['order-1', 'order-2'],
  };
  const html = renderToStaticMarkup(<BulkPreviewList preview={preview} />);
  for (const text of ['3 failed executions', '<li>order-1</li>', '<li>order-2</li>', 'and 1 more'])
    expect(html).toContain(text);
  expect(renderToStaticMarkup(<BulkPreviewList preview={{ ...preview, found: 0, first: [] }} />)).toContain(
    'No failed execution fits',
  );
});
