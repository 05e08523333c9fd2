import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RecoveryClient } from '../../client/recovery-client.ts';
import { loadPipeline } from '../../config/load-pipeline.ts';
import type { Pipeline } from '../../domain/pipeline.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { withClient, type Context } from '../context.ts';
import { followRun } from '../follow-run.ts';
import { renderReport } from '../output/render.ts';
import type { System } from '../system.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { createSite, EXAMPLE, type Site } from './site.ts';

export const DEMO_PLAYBOOKS = path.join(EXAMPLE, 'playbooks');

export interface DemoRecovery {
  scenario: string;
  target: string;
  workflowId: string;
  status: string;
  playbook: string;
  planHash: string;
  actions: { id: string; type: string; status: string; attempts: number; durationMs: number }[];
  verified: boolean;
  ttrMs: number | null;
  checkpointId?: string;
}

export interface DemoResult {
  ok: boolean;
  recoveries: DemoRecovery[];
}

export interface DemoOptions {
  context: Context;
  system: System;
  interrupted: AbortSignal;
}

/** The example's pipeline, pointed at this site. */
function aim(pipeline: Pipeline, scenario: Scenario, site: Site): Pipeline {
  const env = { SITE_URL: site.url, SITE_STATE: site.state, ...scenario.env };
  const phases = pipeline.spec.phases.map((phase) => ({
    ...phase,
    steps: phase.steps.map((step) => ({ ...step, env: { ...step.env, ...env } })),
  }));
  const metadata = { ...pipeline.metadata, labels: { service: 'site', url: site.url } };
  return { ...pipeline, metadata, spec: { ...pipeline.spec, target: scenario.target, phases } };
}

function toResult(scenario: Scenario, report: RecoveryReport): DemoRecovery {
  return {
    scenario: scenario.name,
    target: report.target,
    workflowId: report.workflowId,
    status: report.status,
    playbook: report.plan?.playbook.name ?? '',
    planHash: report.plan?.hash ?? '',
    actions: report.actions.map(({ id, type, status, attempts, durationMs }) => ({
      id,
      type,
      status,
      attempts: attempts.length,
      durationMs,
    })),
    verified: report.verification.verified,
    ttrMs: report.durations.ttrMs ?? null,
    ...(report.restored ? { checkpointId: report.restored.checkpointId } : {}),
  };
}

async function play(scenario: Scenario, root: string, recoveries: RecoveryClient, options: DemoOptions) {
  const { context, system, interrupted } = options;
  const { output, settings } = context;
  const say = (line: string): void => output.info(output.paint.magenta(`    ⚡ ${line}`));
  const site = await createSite(path.join(root, scenario.name));
  try {
    await scenario.prepare(site);
    const before = { head: await site.git('rev-parse', 'HEAD'), census: await site.census() };
    const loaded = await loadPipeline(path.join(EXAMPLE, 'pipelines', `${scenario.pipeline}.yaml`), {
      workspace: site.workspace,
    });
    const handle = await recoveries.runs.start({
      pipeline: aim(loaded.pipeline, scenario, site),
      workspace: loaded.workspace,
      host: settings.host,
      key: `${scenario.name}-${Date.now()}`,
    });
    let ended = false;
    const meanwhile = async (): Promise<void> => {
      while (!ended && !interrupted.aborted) {
        const { openRecovery } = await handle.status();
        if (openRecovery) {
          const recovery = recoveries.getHandle(openRecovery);
          return scenario.meanwhile?.({ site, system, recovery, say, goesOn: () => !ended && !interrupted.aborted });
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const happening = meanwhile();
    happening.catch(() => undefined);
    const run = await followRun({
      handle,
      recoveries,
      output: { ...output, event: quietly(context) },
      stop: interrupted,
    });
    ended = true;
    await happening;
    const first = run?.recoveries[0];
    if (!run || !first) return { problems: [run ? `no recovery was needed: ${run.summary}` : 'interrupted'] };
    const report = await recoveries.getHandle(first.recoveryId, first.recoveryRunId).result();
    if (output.format === 'text') output.value(null, () => `\n${renderReport(output.paint, report)}\n`);
    const wrong =
      report.status === scenario.expects
        ? []
        : [`ended ${report.status} instead of ${scenario.expects}: ${report.summary}`];
    return {
      result: toResult(scenario, report),
      problems: [...wrong, ...(await scenario.check({ site, run, report, before }))],
    };
  } finally {
    await site.stopService();
  }
}

/** With `-o json` one document comes at the end, so progress goes nowhere. */
function quietly({ output }: Context): Context['output']['event'] {
  return (value, text) => {
    if (output.format === 'text') output.event(value, text);
  };
}

/** Shows four recoveries of a really broken release, one after the other, and looks whether all is as it should be. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { output } = options.context;
  const root = await mkdtemp(path.join(tmpdir(), 'rerail-demo-'));
  const recoveries: DemoRecovery[] = [];
  let ok = true;
  try {
    await withClient(
      { ...options.context, settings: { ...options.context.settings, address: options.system.address } },
      async (client) => {
        for (const [index, scenario] of SCENARIOS.entries()) {
          if (options.interrupted.aborted) return;
          output.info(`\n${output.paint.bold(`${'abcd'[index]}. ${scenario.title}`)}`);
          const { result, problems } = await play(scenario, root, client, options);
          if (result) recoveries.push(result);
          for (const problem of problems) output.info(output.paint.red(`✖ ${problem}`));
          if (problems.length > 0) ok = false;
          else
            output.info(
              output.paint.green(
                `✔ ended ${scenario.expects}, as it should, and the site, its files and its git head are what they should be`,
              ),
            );
        }
      },
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return { ok: ok && recoveries.length === SCENARIOS.length, recoveries };
}
