import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ACTION_STATUSES } from '../../src/domain/action.ts';
import { BREAKER_STATES } from '../../src/domain/breaker.ts';
import { CHECKPOINT_STATES } from '../../src/domain/checkpoint.ts';
import { DRILL_VERDICTS } from '../../src/domain/drill.ts';
import { HOST_STANDINGS } from '../../src/domain/host.ts';
import { HEALTH_STATES } from '../../src/domain/monitor.ts';
import { RECOVERY_STATUSES } from '../../src/domain/recovery.ts';
import { RecoveryReportSchema } from '../../src/domain/report.schema.ts';
import { sampleReport } from '../../test/support/sample-report.ts';
import type { ActionRecord, Plan } from '../src/api/types.ts';
import { ActionList } from '../src/pages/recovery/action-list.tsx';
import { Evidence } from '../src/pages/recovery/evidence.tsx';
import { PlanDrawing } from '../src/pages/recovery/graph/plan-drawing.tsx';
import { Badge } from '../src/parts/badge.tsx';
import {
  ACTION_LOOKS,
  BREAKER_LOOKS,
  CHECKPOINT_LOOKS,
  DRILL_LOOKS,
  HEALTH_LOOKS,
  HOST_LOOKS,
  RECOVERY_LOOKS,
  recoveryLook,
  type Look,
} from '../src/words/statuses.ts';

const DOMAINS: [string, readonly string[], Record<string, Look>][] = [
  ['recovery', [...RECOVERY_STATUSES, 'killed'], RECOVERY_LOOKS],
  ['action', ACTION_STATUSES, ACTION_LOOKS],
  ['breaker', BREAKER_STATES, BREAKER_LOOKS],
  ['checkpoint', CHECKPOINT_STATES, CHECKPOINT_LOOKS],
  ['health', HEALTH_STATES, HEALTH_LOOKS],
  ['host', HOST_STANDINGS, HOST_LOOKS],
  ['drill', [...DRILL_VERDICTS, 'running', 'killed'], DRILL_LOOKS],
];

describe.each(DOMAINS)('the statuses of a %s', (_name, statuses, looks) => {
  it('have a look each, and there is none too many', () => {
    expect(Object.keys(looks).sort()).toEqual([...statuses].sort());
  });
  it('can be told apart by their words alone', () => {
    const words = Object.values(looks).map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
  });
  it.each(statuses)('draw %s with an icon, a word and a colour', (status) => {
    const look = looks[status];
    if (!look) throw new Error(`no look for ${status}`);
    const html = renderToStaticMarkup(<Badge look={look} />);
    expect(html).toContain(look.word);
    expect(html).toMatch(/<path d="[^"]+"/);
    expect(html).toContain(`tone-${look.tone}`);
  });
});

it('shows a status that it does not know by its word', () => {
  expect(renderToStaticMarkup(<Badge look={recoveryLook('levitating')} />)).toContain('levitating');
});

const report = RecoveryReportSchema.parse(sampleReport());
const plan = report.plan as Plan;

it.each(ACTION_STATUSES)('draws an action that is %s in the graph and in the list', (status) => {
  const [record] = report.actions;
  if (!record) throw new Error('the sample has an action');
  const actions: ActionRecord[] = [{ ...record, status }];
  const { word } = ACTION_LOOKS[status];
  expect(renderToStaticMarkup(<PlanDrawing plan={plan} actions={actions} current={undefined} />)).toContain(word);
  const list = renderToStaticMarkup(<ActionList plan={plan} actions={actions} />);
  expect(list).toContain(word);
  expect(list).toContain('Try again');
  expect(list).toContain('up to 2 times npm test');
});

it('draws the evidence of a report, with what people wrote as text', () => {
  const html = renderToStaticMarkup(
    <Evidence
      detail={{
        workflowId: report.workflowId,
        runId: report.runId,
        target: report.target,
        status: report.status,
        coarseState: 'succeeded',
        open: false,
        startedAt: report.times.t1,
        closedAt: report.times.t5 ?? null,
        snapshot: null,
        report,
        plan,
        timeline: report.timeline,
        allowedDecisions: [],
        links: {},
      }}
    />,
  );
  expect(html).toContain('&lt;b&gt;right&lt;/b&gt;');
  expect(html).toContain('undo failed');
  expect(html).toContain('refused');
  expect(html).toContain('7.0 s');
});
