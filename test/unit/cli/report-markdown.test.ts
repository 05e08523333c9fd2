import { expect, it } from 'vitest';
import { reportMarkdown } from '../../../src/domain/report-markdown.ts';
import { sampleReport } from '../../support/sample-report.ts';

const text = reportMarkdown(sampleReport());

it('has the parts of a post-mortem, in the order in which it is read', () => {
  expect(text.split('\n').filter((line) => line.startsWith('#'))).toEqual([
    '# release/web: recovered after 7.00s',
    '## What was planned, and why',
    '## Reported as well',
    '## What happened',
    '## What was tried',
    '## What a person decided',
    '## What was seen',
    '## What was undone',
    '## What was restored',
    '## What is left to do',
  ]);
  expect(text).toContain('\n1. **Try again** (retry)\n\n- it may pass now\n');
  expect(text).toContain('\n- Playbook **first** was tried before and did not help: npm test ended');
  expect(text).toContain('\n  - try 1: command-failed: npm test ended with exit code 1: naïve café fails\n');
  expect(text).toContain('| before | up | **no** | refused |\n| after | up | yes | connected |');
  expect(text).toContain('\n- Undo of drain: **failed** after 3 tries: ');
  expect(text).toContain('\n- [ ] Nothing has to be done.\n');
  expect(text).toMatch(/\n- \S+ ada retry for again: once more\n/);
});

it('takes nothing that it quotes for Markdown or HTML', () => {
  expect(text).toMatch(/ada approved plan [0-9a-f]{12} \(name not checked\): looks \\\| \\<b\\>right\\<\/b\\>\n/);
  const report = sampleReport();
  report.timeline[0]!.message = '# head\n| cell | [link](http://x) `code` <script>';
  expect(reportMarkdown(report)).toContain('| \\# head \\| cell \\| \\[link\\](http://x) \\`code\\` \\<script\\> |  |');
});

it('leaves out what there was not', () => {
  const { classification: _c, plan: _p, restored: _r, failedStrategies: _f, ...rest } = sampleReport();
  const bare = reportMarkdown({
    ...rest,
    status: 'cancelled',
    joined: [],
    actions: [],
    approvals: [],
    decisions: [],
    compensations: [],
    verification: { verified: false, how: 'none', before: [], after: [], heldForMs: 0 },
    durations: { ttdMs: 0, humanWaitMs: 0, totalMs: 1 },
  });
  expect(bare.split('\n').filter((line) => line.startsWith('#'))).toEqual([
    '# release/web: cancelled',
    '## What happened',
    '## What is left to do',
  ]);
  expect(bare).not.toContain('undefined');
});
