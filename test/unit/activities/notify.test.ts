import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { escalate, type EscalateInput, type Notice } from '../../../src/activities/notify.ts';
import { failure } from '../planner/plan-fixtures.ts';
import { cleanUpAfterEach, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

let evidenceFolder: string;
let notices: Notice[];
beforeEach(() => {
  evidenceFolder = path.join(temporaryFolder(), 'evidence');
  notices = [];
});

const input = (key: string): EscalateInput => ({
  key,
  to: ['oncall', 'ann'],
  evidence: {
    workflowId: 'recovery/release/web',
    runId: 'r',
    target: 'release/web',
    message: 'it broke',
    failure: failure(),
    classification: null,
    planHash: null,
    playbook: null,
    actions: [],
    compensations: [],
    probes: { before: [], after: [] },
    restored: null,
    timeline: [],
  },
});
const notify = (notice: Notice): Promise<void> => {
  notices.push(notice);
  return Promise.resolve();
};

test('writes the evidence for its owner only and calls the people', async () => {
  const receipt = await escalate(input('k'), { evidenceFolder, notifier: { notify } });
  expect(receipt).toEqual({
    to: ['oncall', 'ann'],
    evidenceFile: expect.stringMatching(/\/evidence\/[0-9a-f]{32}\.json$/),
  });
  const recovery = { workflowId: 'recovery/release/web', runId: 'r', target: 'release/web', key: 'k' };
  expect(notices).toEqual([{ ...receipt, subject: 'release/web needs a person: it broke', recovery }]);
  expect(JSON.parse(readFileSync(receipt.evidenceFile, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(input('k').evidence)),
  );
  expect(statSync(receipt.evidenceFile).mode & 0o777).toBe(0o600);
});

test('calls once for each key', async () => {
  const deps = { evidenceFolder, notifier: { notify } };
  const first = await escalate(input('k'), deps);
  expect(await escalate(input('k'), deps)).toEqual(first);
  expect(notices).toHaveLength(1);
  await escalate(input('other'), deps);
  expect(notices).toHaveLength(2);
  expect(readdirSync(evidenceFolder)).toHaveLength(4);
});

test('calls again after a call that failed', async () => {
  const broken = { evidenceFolder, notifier: { notify: () => Promise.reject(new Error('no line')) } };
  await expect(escalate(input('k'), broken)).rejects.toThrow('no line');
  await escalate(input('k'), { evidenceFolder, notifier: { notify } });
  expect(notices).toHaveLength(1);
});

test('a key is any text and never a path', async () => {
  const { evidenceFile } = await escalate(input('../../../etc/x'), { evidenceFolder, notifier: { notify } });
  expect(path.dirname(evidenceFile)).toBe(evidenceFolder);
});
