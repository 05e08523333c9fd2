import { execFile } from 'node:child_process';
import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RecoveryHandle } from '../../client/recovery-handle.ts';
import { shortHash } from '../../domain/plan.ts';
import type { ClosedRecoveryStatus } from '../../domain/recovery.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import type { RunReport } from '../../domain/run.ts';
import type { System } from '../system.ts';
import { poisonCache, type Site } from './site.ts';

export interface Happening {
  site: Site;
  system: System;
  recovery: RecoveryHandle;
  say: (line: string) => void;
  /** False once the recovery has closed. */
  goesOn: () => boolean;
}

export interface Ended {
  site: Site;
  run: RunReport;
  report: RecoveryReport;
  before: Before;
}

export interface Before {
  head: string;
  census: Record<string, string>;
}

export interface Scenario {
  name: string;
  title: string;
  target: string;
  pipeline: 'release' | 'release-heavy';
  env?: Record<string, string>;
  expects: ClosedRecoveryStatus;
  /** Makes the fault, which is a true one: nothing tells a recovery how it has to end. */
  prepare: (site: Site) => Promise<void>;
  /** What the world does while the recovery goes on. */
  meanwhile?: (happening: Happening) => Promise<void>;
  /** What is not as it should be afterwards. */
  check: (ended: Ended) => Promise<string[]>;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const problem = (wrong: boolean, text: string): string[] => (wrong ? [text] : []);

async function waitWhile(happening: Happening, look: () => Promise<boolean>): Promise<boolean> {
  while (happening.goesOn()) {
    if (await look()) return true;
    await delay(40);
  }
  return false;
}

/** Every start of a step has a key of its own: the same key twice would be a thing done twice. */
async function nothingTwice({ site }: Ended, deploys: number): Promise<string[]> {
  const keys = (await site.effects()).map(({ step, key }) => `${step} ${key}`);
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  const done = await site.deploys();
  return [
    ...problem(twice.length > 0, `done twice: ${twice.join(', ')}`),
    ...problem(done !== deploys, `${done} deploys reached the site instead of ${deploys}`),
  ];
}

const liveIs = async ({ site }: Ended, version: string): Promise<string[]> => {
  const live = await site.live();
  return [
    ...problem(live.version !== version, `the site serves ${live.version} instead of ${version}`),
    ...problem(live.maintenance, 'the site is still out of the rotation'),
  ];
};

const runEnded = ({ run }: Ended, status: RunReport['status']): string[] =>
  problem(run.status !== status, `the run ended ${run.status} instead of ${status}: ${run.summary}`);

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'refused',
    title: 'The service refuses connections for the first seconds',
    target: 'release/refused',
    pipeline: 'release',
    expects: 'recovered',
    prepare: () => Promise.resolve(),
    async meanwhile(happening) {
      const { recovery, site, say } = happening;
      const refusedTwice = async () => (await recovery.timeline()).filter(({ kind }) => kind === 'attempt').length >= 2;
      if (!(await waitWhile(happening, refusedTwice))) return;
      say('the service comes up');
      await site.startService();
    },
    check: async (ended) => [
      ...runEnded(ended, 'succeeded'),
      ...(await nothingTwice(ended, 1)),
      ...(await liveIs(ended, '2.0.0')),
    ],
  },
  {
    name: 'corrupted',
    title: 'A bad step corrupts a file, deletes another and leaves a stray one; the worker is killed on the way',
    target: 'release/corrupted',
    pipeline: 'release',
    expects: 'recovered',
    async prepare(site) {
      await site.startService();
      await poisonCache(site);
    },
    async meanwhile(happening) {
      const { site, system, say } = happening;
      const runsAgain = async () => (await site.effects()).filter(({ step }) => step === 'generate').length >= 2;
      if (!(await waitWhile(happening, runsAgain))) return;
      say(`kill -9 of the worker (pid ${system.worker.pid()}), in the middle of running again`);
      system.worker.kill();
    },
    async check(ended) {
      const { site, before, report } = ended;
      const [changes, head, census] = await Promise.all([
        site.git('status', '--porcelain', '--untracked-files=all'),
        site.git('rev-parse', 'HEAD'),
        site.census(),
      ]);
      return [
        ...runEnded(ended, 'succeeded'),
        ...problem(changes !== '', `the workspace differs from its commit: ${changes}`),
        ...problem(head !== before.head, `git HEAD is ${head} instead of ${before.head}`),
        ...problem(JSON.stringify(census) !== JSON.stringify(before.census), 'files or modes differ from before'),
        ...problem((report.restored?.changed ?? 0) < 3, 'the rollback did not put three paths back'),
        ...(await nothingTwice(ended, 1)),
        ...(await liveIs(ended, '2.0.0')),
      ];
    },
  },
  {
    name: 'gate',
    title: 'The quality gate fails in the heavy lane: a person decides',
    target: 'release/gate',
    pipeline: 'release-heavy',
    expects: 'partial',
    async prepare(site) {
      await site.startService();
      await appendFile(path.join(site.workspace, 'src', 'greet.mjs'), '\n// TODO: greet in Spanish as well\n');
      await site.commit('Note what is to be done');
    },
    async meanwhile(happening) {
      const { recovery, system, say } = happening;
      const waits = async () => (await recovery.status()).waitingFor?.kind === 'approval';
      if (!(await waitWhile(happening, waits))) return;
      const hash = shortHash((await recovery.plan())?.hash ?? '');
      const words = [
        'recovery',
        'approve',
        recovery.workflowId,
        '--signal',
        '--plan-hash',
        hash,
        '--by',
        'release-manager',
        '--reason',
        'Spanish can wait',
      ];
      say(`in a second process: rerail ${words.join(' ')}`);
      await promisify(execFile)(process.execPath, [
        MAIN,
        ...words,
        '--address',
        system.address,
        '--namespace',
        system.namespace,
      ]);
    },
    check: async (ended) => [
      ...runEnded(ended, 'succeeded'),
      ...problem(ended.report.approvals[0]?.via !== 'signal', 'the approval did not come by signal'),
      ...problem(
        !ended.run.steps.some(({ step, status }) => step === 'gate' && status === 'skipped'),
        'the gate is not marked as skipped',
      ),
      ...(await nothingTwice(ended, 1)),
      ...(await liveIs(ended, '2.0.0')),
    ],
  },
  {
    name: 'unknown',
    title: 'An unknown failure that nothing fixes',
    target: 'release/unknown',
    pipeline: 'release',
    env: { SMOKE_EXPECTS: '<h1>Hello, new world!</h1>' },
    expects: 'escalated',
    prepare: (site) => site.startService(),
    async check(ended) {
      const { report, run, site, before } = ended;
      const escalation = report.actions.find(({ type }) => type === 'escalate');
      const evidenceFile = (escalation?.output as { evidenceFile?: string } | undefined)?.evidenceFile;
      const evidence = evidenceFile === undefined ? '' : await readFile(evidenceFile, 'utf8').catch(() => '');
      return [
        ...runEnded(ended, 'failed'),
        ...problem(report.restored === undefined, 'nothing was rolled back'),
        ...problem(
          !report.compensations.every(({ ok }) => ok) || report.compensations.length === 0,
          'the recovery’s own effects were not undone',
        ),
        ...problem(
          !run.compensations.some(({ actionId, ok }) => actionId === 'deploy/deploy' && ok),
          'the deploy was not undone',
        ),
        ...problem(!evidence.includes('is not what was promised'), 'the evidence does not hold the failure'),
        ...problem((await site.git('rev-parse', 'HEAD')) !== before.head, 'git HEAD has moved'),
        ...(await nothingTwice(ended, 1)),
        ...(await liveIs(ended, '1.0.0')),
      ];
    },
  },
];
