import {
  CancellationScope,
  continueAsNew,
  executeChild,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { DrillInput } from '../domain/drill.ts';
import {
  suiteVerdict,
  type DrillSuiteReport,
  type PastDrill,
  type SuiteDrill,
  type SuiteSelection,
} from '../domain/drill-suite.ts';
import { drillId, timeInId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { sharedActivities } from './activity-proxies.ts';
import type { drill } from './drill.ts';
import { suiteReportQuery } from './messages.ts';
import { isoNow } from './recovery-state.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { recordError } from './steps/record-error.ts';

type OneDrill = Pick<DrillInput, 'name' | 'spec'>;

export interface DrillSuiteInput extends SuiteSelection {
  /** Of the run before, where a long suite goes on in a new one. */
  state?: { report: DrillSuiteReport; left: OneDrill[] };
  /** As many drills as one history holds. Default 25. */
  drillsPerRun?: number;
}

const DRILLS_PER_RUN = 25;
const SHOWN_PROBLEMS = 3;

/** A schedule hands every run what the last one that ended has answered with. */
function pastOf(lastResult: unknown): Record<string, PastDrill> {
  const last = lastResult as Partial<DrillSuiteReport> | null | undefined;
  return last?.past ?? {};
}

function newReport({ host }: SuiteSelection): DrillSuiteReport {
  const { workflowId, startTime, lastResult } = workflowInfo();
  return {
    schemaVersion: 1,
    workflowId,
    host,
    verdict: 'failed',
    startedAt: startTime.toISOString(),
    finishedAt: '',
    drills: [],
    notRun: [],
    regressions: [],
    told: 0,
    problems: [],
    past: pastOf(lastResult),
  };
}

/** One that is ended from outside is a result as well: the others are still run. Throws only where the suite is cancelled. */
async function runOne({ name, spec }: OneDrill, host: string): Promise<SuiteDrill> {
  const startedAt = isoNow();
  const workflowId = drillId(name, timeInId(new Date(Date.now())));
  const about = { name, workflowId, startedAt };
  try {
    const report = await executeChild<typeof drill>(WORKFLOW_TYPES.drill, {
      workflowId,
      args: [{ name, host, spec }],
      // Each takes away what it has made, also when the suite is ended.
      parentClosePolicy: 'REQUEST_CANCEL',
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.target, value: `drill/${name}` }],
      staticSummary: `drill ${name} on ${host}`.slice(0, 190),
    });
    const { verdict, problems, recovery, durations } = report;
    return {
      ...about,
      verdict,
      problems: problems.slice(0, SHOWN_PROBLEMS).map((problem) => problem.slice(0, 500)),
      ...(recovery?.playbook === undefined ? {} : { playbook: recovery.playbook }),
      ...(recovery?.playbookDigest === undefined ? {} : { playbookDigest: recovery.playbookDigest }),
      ...(recovery?.planHash === undefined ? {} : { planHash: recovery.planHash }),
      ttrMs: durations.ttrMs ?? null,
    };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { ...about, verdict: 'aborted', problems: [`it has no report: ${recordError(error).message}`], ttrMs: null };
  }
}

const short = { timeout: '1m' } as const;

async function selectDrills(input: DrillSuiteInput, report: DrillSuiteReport): Promise<OneDrill[]> {
  const { names, definitions = [] } = input;
  if (names === undefined && definitions.length > 0) return definitions;
  const { findSuiteDrills } = sharedActivities({ ...short, summary: 'find the drills' });
  const { drills, unknown } = await findSuiteDrills(names === undefined ? {} : { names });
  report.notRun.push(...unknown.map((name) => ({ name, reason: 'there is no built-in drill of this name' })));
  return [...drills, ...definitions];
}

/** Compares with the suite before, and tells people what has become worse. */
async function judge(report: DrillSuiteReport): Promise<void> {
  const { judgeDrillSuite } = sharedActivities({ ...short, summary: 'compare with the suite before' });
  const { workflowId, host, drills, past } = report;
  Object.assign(report, await judgeDrillSuite({ workflowId, host, drills, past }));
  const { regressions } = report;
  if (regressions.length === 0) return;
  try {
    const { tellOfRegressions } = sharedActivities({
      ...short,
      within: '5m',
      summary: `tell people of ${regressions.length} regressions`,
    });
    report.told = (await tellOfRegressions({ workflowId, host, regressions, at: isoNow() })).told;
  } catch (error) {
    report.problems.push(`nobody was told of the regressions: ${recordError(error).message}`);
  }
}

function publish({ verdict, drills, notRun, regressions, problems }: DrillSuiteReport): void {
  const passed = drills.filter((one) => one.verdict === 'passed').length;
  const counts = {
    passed,
    failed: drills.length - passed,
    notRun: notRun.length,
    regressions: regressions.length,
  };
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: verdict }]);
  upsertMemo({ counts });
  const lines = [
    `**${verdict}**: ${passed} of ${drills.length} drills passed`,
    ...regressions.map(({ name, message }) => `- ${name}: ${message}`),
    ...problems.map((problem) => `- ${problem}`),
  ];
  setCurrentDetails(lines.join('\n\n').slice(0, 10_000));
}

/**
 * Runs drills one after the other, each a child `drill`, and compares what came of them with the suite before (requirement 7.1).
 * The result is the report; a cancelled suite waits until the drill that is under way has cleaned up, and reports what it has.
 */
export async function drillSuite(input: DrillSuiteInput): Promise<DrillSuiteReport> {
  const { host, drillsPerRun = DRILLS_PER_RUN } = input;
  const report = input.state?.report ?? newReport(input);
  setHandler(suiteReportQuery, () => report, { description: 'What the suite has seen so far' });
  let left: OneDrill[] = input.state?.left ?? [];
  try {
    left = input.state?.left ?? (await selectDrills(input, report));
    for (let count = 0; left.length > 0; count++) {
      if (count >= drillsPerRun || workflowInfo().continueAsNewSuggested)
        await continueAsNew<typeof drillSuite>({ ...input, state: { report, left } });
      const [next, ...rest] = left as [OneDrill, ...OneDrill[]];
      setCurrentDetails(`${report.drills.length} done, ${left.length} to come: **${next.name}**`);
      const done = await runOne(next, host);
      // Cancelled, a drill ends with a report that says nothing of what it was to show.
      if (CancellationScope.current().consideredCancelled) break;
      report.drills.push(done);
      left = rest;
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  const cancelled = CancellationScope.current().consideredCancelled;
  return CancellationScope.nonCancellable(async () => {
    report.notRun.push(...left.map(({ name }) => ({ name, reason: 'the suite was cancelled' })));
    await judge(report);
    report.verdict = suiteVerdict(report, cancelled);
    report.finishedAt = isoNow();
    publish(report);
    return report;
  });
}
