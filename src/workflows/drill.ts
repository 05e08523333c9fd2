import {
  CancellationScope,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { judgeDrill, type DrillFacts, type DrillInput, type DrillReport, type DrillVerdict } from '../domain/drill.ts';
import { toMs } from '../domain/duration.ts';
import { hostActivities } from './activity-proxies.ts';
import { drillReportQuery } from './messages.ts';
import { isoNow } from './recovery-state.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { forgetServices, type DrillState } from './steps/drill-parts.ts';
import { runDrill, stopRecovery } from './steps/run-drill.ts';
import { recordError } from './steps/record-error.ts';

function createFacts({ name, host, spec }: DrillInput): DrillFacts {
  const { workflowId, startTime } = workflowInfo();
  return {
    schemaVersion: 1,
    name,
    workflowId,
    host,
    objectives: spec.objectives,
    before: [],
    broken: [],
    after: [],
    healthy: false,
    held: false,
    items: { count: 0, lost: [] },
    times: { startedAt: startTime.toISOString(), finishedAt: '' },
    durations: { humanWaitMs: 0 },
    left: [],
  };
}

/** What is missing for a drill is said with what helps: it is all that anybody sees of it. */
function sayWithRemedy(error: unknown): string {
  const { message, remedy } = recordError(error);
  return remedy === undefined ? message : `${message}. ${remedy}`;
}

const verdictOf = ({ spec, facts, invalid, aborted }: DrillState): { verdict: DrillVerdict; problems: string[] } => {
  if (invalid !== undefined) return { verdict: 'invalid', problems: [invalid, ...facts.left] };
  if (aborted !== undefined) return { verdict: 'aborted', problems: [aborted, ...facts.left] };
  const problems = judgeDrill(spec, facts);
  return { verdict: problems.length === 0 ? 'passed' : 'failed', problems };
};

function publish({ verdict, durations, items, recovery, problems }: DrillReport): void {
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.status, value: verdict },
    ...(recovery?.playbook === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.playbook, value: recovery.playbook }]),
  ]);
  upsertMemo({
    outcome: {
      ttrMs: durations.ttrMs ?? null,
      humanWaitMs: durations.humanWaitMs,
      itemsLost: items.lost.length,
      ...(recovery?.playbookDigest === undefined
        ? {}
        : { playbookDigest: recovery.playbookDigest, planHash: recovery.planHash }),
    },
  });
  setCurrentDetails([`**${verdict}**`, ...problems.map((problem) => `- ${problem}`)].join('\n\n').slice(0, 10_000));
}

/**
 * Breaks something that it has made itself, has it recovered, and judges what came of it (requirement 7.1). However it ends, the
 * fault and the sandbox are taken away; the result is the report.
 */
export async function drill(input: DrillInput): Promise<DrillReport> {
  const { spec, host, name } = input;
  const { workflowId, runId } = workflowInfo();
  const id = `${workflowId}/${runId}`;
  const state: DrillState = { id, name, host, spec, facts: createFacts(input) };
  setHandler(drillReportQuery, () => state.facts, { description: 'What the drill has seen so far' });
  const scope = new CancellationScope({ cancellable: true, timeout: toMs(spec.deadline) });
  try {
    await scope.run(() => runDrill(state));
  } catch (error) {
    const cancelled = CancellationScope.current().consideredCancelled;
    // Cancelled, what was under way may say that its worker has died.
    if (!isCancellation(error) && !scope.consideredCancelled) state.invalid = sayWithRemedy(error);
    else state.aborted = cancelled ? 'it was cancelled' : `it was not over within ${spec.deadline}`;
  }
  return CancellationScope.nonCancellable(async () => {
    await stopRecovery(state);
    await cleanUp(state);
    state.facts.times.finishedAt = isoNow();
    const report: DrillReport = { ...state.facts, ...verdictOf(state) };
    publish(report);
    return report;
  });
}

/** A sandbox that stays is part of the verdict, and no reason to stay open. */
async function cleanUp({ host, id, facts, components = {} }: DrillState): Promise<void> {
  const processes = Object.keys(components).filter((name) => components[name]?.process);
  try {
    await forgetServices(components);
    const { left } = await hostActivities(host, {
      timeout: '60s',
      heartbeat: '4s',
      summary: 'take the sandbox away',
    }).removeSandbox({
      id,
      ...(processes.length > 0 ? { processes } : {}),
    });
    facts.left.push(...left);
  } catch (error) {
    facts.left.push(`the sandbox: ${sayWithRemedy(error)}`);
  }
}
