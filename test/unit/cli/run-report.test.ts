import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireReportPlace, writeRunReport } from '../../../src/cli/run-report-file.ts';
import type { RecoveryClient } from '../../../src/client/recovery-client.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import type { RunReport, RunStepRecord } from '../../../src/domain/run.ts';
import { sampleReport } from '../../support/sample-report.ts';

const step = (name: string, more: Partial<RunStepRecord> = {}): RunStepRecord => ({
  ...{ phase: 'build', step: name, index: 0, optional: false, status: 'succeeded', attempts: 1, durationMs: 5 },
  recoveries: [],
  ...more,
});
const runOf = (steps: RunStepRecord[]): RunReport => ({
  ...{
    schemaVersion: 1,
    workflowId: 'run/web/1',
    runId: 'r',
    name: 'web',
    target: 'release/web',
    subject: 'run/web/1',
  },
  ...{ status: 'failed', summary: 'release/web failed', recoveries: [], checkpoints: [], context: {} },
  ...{ startedAt: new Date(0).toISOString(), durationMs: 3000, steps },
  compensations: [{ actionId: 'a', title: 'Undo of a|b', ok: false, attempts: 1, durationMs: 1 }],
});

/** Knows the reports of some recoveries of release/web, and nothing else. */
const clientWith = (known: Record<string, string>): RecoveryClient => {
  const getHandle = (target: string, runId = '') => ({
    report: () => {
      const message = known[runId];
      if (target === 'release/web' && message !== undefined) {
        return Promise.resolve({ ...sampleReport(), runId, summary: message });
      }
      return Promise.reject(new RerailError('recovery-not-found', `${runId} was killed`));
    },
  });
  return { getHandle } as unknown as RecoveryClient;
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-run-report-'));
});
afterEach(() => rm(folder, { recursive: true }));

const written = async (report: RunReport, client: RecoveryClient): Promise<string> => {
  const file = path.join(folder, 'report.md');
  await writeRunReport(file, report, client);
  return readFile(file, 'utf8');
};

describe('the report of a run', () => {
  it('has its steps, and the report of each of its recoveries once and in their order', async () => {
    const error = { code: 'command-failed', message: 'ended with | exit code 9' };
    const steps = [
      step('fetch', { status: 'recovered', recoveries: ['second', 'first'] }),
      step('compile', { status: 'failed', recoveries: ['first', 'killed'], error }),
    ];
    const text = await written(runOf(steps), clientWith({ first: 'about the first', second: 'about the second' }));
    expect(text).toContain('# run/web/1: failed after 3.00s\n\n**release/web failed.**\n');
    expect(text).toContain('| build | compile | failed | 1 | 5ms | 2 | ended with \\| exit code 9 |\n');
    expect(text).toContain('- Undo of a\\|b: **failed**: unknown\n');
    expect([...text.matchAll(/about the (\w+)/g)].map(([, which]) => which)).toEqual(['second', 'first']);
    expect(text).toContain('## Recoveries without a report\n\n- Recovery killed: killed was killed\n');
  });

  it('says so where nothing was recovered', async () => {
    expect(await written(runOf([step('fetch')]), clientWith({}))).toContain('No recovery was started.');
  });

  it('needs a place before the run begins', async () => {
    await expect(requireReportPlace(path.join(folder, 'report.md'))).resolves.toBeUndefined();
    await expect(requireReportPlace(path.join(folder, 'none', 'report.md'))).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/^--report: .*none\/report\.md cannot be written \(ENOENT\)$/) as string,
    });
  });
});
