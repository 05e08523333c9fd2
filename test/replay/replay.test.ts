import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { DROPPED_SPANS } from '../../src/telemetry/tracing/dropped-spans.ts';
import { newHarnessForEach } from '../support/new-harness.ts';
import { workflowBundle } from '../support/server.ts';
import { PATHS, PLAYBOOKS } from './paths.ts';

const FOLDER = fileURLToPath(new URL('./histories', import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

describe('recorded histories', () => {
  it('has one for every path', () => {
    expect(PATHS.map(({ name }) => `${name}.json`).filter((name) => !files.includes(name))).toEqual([]);
  });

  it.each(files)('%s replays with the workflows of today', async (name) => {
    const history = JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as unknown;
    await Worker.runReplayHistory({ workflowBundle: workflowBundle(), sinks: DROPPED_SPANS }, history, name);
  });
});

describe('without a cache, so that every task replays from the start', () => {
  const harness = newHarnessForEach(PLAYBOOKS, { maxCachedWorkflows: 0 });

  // A worker without a cache lets a workflow task time out after 10 s in a run that starts a recovery: those paths would take
  // minutes.
  const slow = [
    'run-recovered',
    'run-rolled-back-and-run-again',
    'run-stopped-with-compensation',
    'run-cancelled-with-its-recovery',
    'recovery-traced',
    'drill-over',
    'drill-cancelled',
    'drill-suite',
    'drill-suite-cancelled',
    'monitor-recovers-and-is-changed',
    'monitor-looks-again-after-recovery',
    'monitor-escalates-and-is-reset',
    'monitor-loses-its-host',
    'recovery-of-a-degraded-service-cancelled',
  ];
  const quick = PATHS.filter(({ name }) => !slow.includes(name));

  it.each(quick)('$name ends as ever', async ({ name, play }) => {
    const workflowId = await play(harness);
    const { status } = await harness.client.workflow.getHandle(workflowId).describe();
    const stays = /^(ledger|breaker|notifier|service-state)\//.test(workflowId) && name !== 'ledger-never-used';
    expect(status.name).toBe(stays ? 'RUNNING' : 'COMPLETED');
  });
});
