import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { coarseStateOf } from '../../domain/coarse-state.ts';
import { messageOf } from '../../domain/errors.ts';
import { buildReceipt } from '../../domain/receipt.ts';
import { reportMarkdown } from '../../domain/report-markdown.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';
import { recoveryLinks } from './links.ts';
import type { Starter } from './start-recovery.ts';
import { DIGESTS } from '../../process/digests.ts';

/** What the workflow itself knows; for an open one, and for a killed one from what its history replays to. */
async function askWorkflow(handle: RecoveryHandle, open: boolean) {
  try {
    const snapshot = await handle.status();
    const plan = await handle.plan();
    const timeline = await handle.timeline();
    const allowedDecisions = open ? await handle.allowedDecisions() : [];
    return { snapshot, plan, timeline, allowedDecisions };
  } catch (error) {
    const unanswered = `no worker answers for it: ${messageOf(error)}`;
    return { snapshot: null, plan: null, timeline: [], allowedDecisions: [], unanswered };
  }
}

async function viewRecovery(handle: RecoveryHandle) {
  const { workflowId, runId, open, killed, startedAt, closedAt, target } = await handle.describe();
  const common = {
    workflowId,
    runId,
    target: target ?? workflowId.replace(/^recovery\//, ''),
    open,
    startedAt,
    closedAt,
    links: recoveryLinks(workflowId),
  };
  if (open || killed) {
    const found = await askWorkflow(handle, open);
    const status = killed ? 'killed' : (found.snapshot?.status ?? 'planning');
    return {
      ...common,
      status,
      coarseState: killed ? 'failed' : coarseStateOf(found.snapshot?.status ?? 'planning'),
      report: null,
      ...found,
    } as const;
  }
  const report = await handle.report();
  return {
    ...common,
    status: report.status,
    coarseState: coarseStateOf(report.status),
    snapshot: null,
    report,
    plan: report.plan ?? null,
    timeline: report.timeline,
    allowedDecisions: [],
  };
}

export function recoveryHandlers(
  { recoveries }: Pick<ApiDeps, 'recoveries'>,
  start: Starter,
): Handlers<
  'listRecoveries' | 'startRecovery' | 'countRecoveries' | 'getRecovery' | 'recoveryReport' | 'recoveryReceipt'
> {
  return {
    async listRecoveries({ query: { limit, cursor, ...filter } }) {
      const page = await recoveries.pageRecoveries(compact(filter), compact({ limit, cursor }));
      return { status: 200, body: page };
    },
    startRecovery: ({ body, actor, headers }) => start(body, actor, headers['idempotency-key']),
    async countRecoveries() {
      return { status: 200, body: await recoveries.countRecoveries() };
    },
    async getRecovery({ params: { id }, query: { run } }) {
      return { status: 200, body: await viewRecovery(recoveries.getHandle(id, run)) };
    },
    async recoveryReport({ params: { id }, query: { run, format } }) {
      const report = await recoveries.getHandle(id, run).report();
      return format === 'markdown'
        ? { status: 200, raw: reportMarkdown(report), contentType: 'text/markdown; charset=utf-8' }
        : { status: 200, body: report };
    },
    async recoveryReceipt({ params: { id }, query: { run } }) {
      const report = await recoveries.getHandle(id, run).report();
      return { status: 200, raw: buildReceipt(report, DIGESTS), contentType: 'application/x-ndjson' };
    },
  };
}
