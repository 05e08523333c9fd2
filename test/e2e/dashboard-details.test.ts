// On a server of its own: the switch of automation is for all who use one.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { startServer, type RunningServer } from '../../src/embedded/start-server.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { chromiumVersion, DASHBOARD, launchChromium } from '../support/dashboard.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { until } from '../support/until.ts';

const HOST = 'details';
const SUBJECT = 'tree/details';
const PLAYBOOKS = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: go-back}
spec:
  match: [{code: NEVER-MATCHED}]
  approval: {timeout: 1h}
  actions:
    - {id: back, type: rollback, to: latest}
---
apiVersion: rerail/v1
kind: Playbook
metadata: {name: tries-again}
spec:
  match: [{code: NEVER-MATCHED}]
  mode: auto
  actions:
    - {id: again, type: retry}
`;

let folder: string;
let server: RunningServer;
let worker: ChildProcess;
let connection: Connection;
let recoveries: RecoveryClient;
let browser: Browser;
let api: TestApi;
let address: string;
let page: Page;

const root = (): string => path.join(folder, 'tree');
const visit = (to: string) => page.goto(new URL(to, address).href);
const shows = (text: string | RegExp) => page.getByText(text).first().waitFor();
const button = (name: string) => page.getByRole('button', { name, exact: true });
const start = (target: string, message: string) => {
  const operation = { kind: 'command' as const, argv: ['true'], workspace: root(), host: HOST };
  return recoveries.start({ target, message, operation }, { playbook: 'tries-again' });
};
const save = (name: string) =>
  recoveries.checkpoints.create(SUBJECT, { name, type: 'manual', host: HOST, root: root() });

describe.skipIf(chromiumVersion() === undefined && process.env['CI'] !== 'true')('the dashboard in detail', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rerail-details-'));
    const playbooks = path.join(folder, 'playbooks');
    for (const one of [playbooks, root()]) await mkdir(one);
    await writeFile(path.join(playbooks, 'details.yaml'), PLAYBOOKS);
    const binary = inject('serverBinary');
    server = await startServer({ dataDir: folder, binary, port: 0, uiPort: 'none', lifetime: 'with-parent' });
    connection = await Connection.connect({ address: server.address });
    recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: HOST });
    const options = { open: true, dashboard: DASHBOARD, host: HOST, taskQueue: HOST, playbooksDir: [playbooks] };
    [worker, browser, api] = await Promise.all([
      forkWorker(folder, {
        RERAIL_ADDRESS: server.address,
        RERAIL_HOST: HOST,
        RERAIL_TASK_QUEUE: HOST,
        RERAIL_DATA_DIR: path.join(folder, 'data'),
        RERAIL_PLAYBOOKS_DIR: playbooks,
      }),
      launchChromium(),
      createTestApi(recoveries, options),
    ]);
    address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  }, 120_000);
  afterAll(async () => {
    const ended = once(worker, 'exit');
    worker.kill('SIGKILL');
    await Promise.all([browser.close(), api.close(), ended]);
    await connection.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      process.stderr.write(`${page.url()}\n${await page.locator('body').innerText()}\n`);
    await page.close();
  });

  it('compares two checkpoints, and shows an approver what a rollback would change', async () => {
    const file = (name: string, text: string) => writeFile(path.join(root(), name), text);
    await file('same.txt', 'same\n');
    await file('changed.txt', 'before\n');
    await save('first');
    await file('changed.txt', 'after\n');
    await file('added.txt', 'new\n');
    await save('second');
    await visit(`/checkpoints?subject=${encodeURIComponent(SUBJECT)}`);
    await button('second').click();
    await button('Compare with the one before').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('2 paths differ, 1 are the same.').waitFor();
    expect(await sheet.locator('.changes li').allInnerTexts()).toEqual(['+ create added.txt', '~ replace changed.txt']);

    await file('changed.txt', 'broken\n');
    await file('stray.txt', 'x');
    await recoveries.start(
      { target: 'web/details', subject: SUBJECT, host: HOST, workspace: root(), message: 'it is broken' },
      { playbook: 'go-back' },
    );
    const handle = recoveries.getHandle('web/details');
    await until(async () => (await handle.status()).waitingFor?.kind === 'approval', 'the approval');
    await visit('/recoveries/web/details');
    await shows(/Rolling back changes 2 paths of/);
    expect(await page.locator('.impact .changes li').allInnerTexts()).toEqual([
      '~ replace changed.txt',
      '− delete stray.txt',
    ]);
    await handle.cancel();
    await handle.result();
  });

  it('shows how recoveries have gone, and no figure where there are too few', async () => {
    const recover = async (round: number) => {
      await start('web/often', `round ${round}`);
      expect(await recoveries.getHandle('web/often').result()).toMatchObject({ status: 'recovered' });
    };
    for (let round = 0; round < 5; round++) await recover(round);
    await until(async () => {
      const { byStatus } = await recoveries.countRecoveries();
      return byStatus.recovered === 5 && byStatus.cancelled === 1;
    }, 'the list');
    await visit('/statistics');
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
    await row('tries-again').waitFor();
    expect(await row('tries-again').getByRole('cell').allInnerTexts()).toEqual([
      'tries-again',
      '5',
      '100 %',
      ...Array.from({ length: 4 }, () => expect.stringMatching(/\d/) as string),
    ]);
    expect((await row('go-back').getByRole('cell').allInnerTexts()).slice(0, 3)).toEqual(['go-back', '0', 'too few']);

    await visit('/reports');
    await page.getByRole('heading', { name: 'Trend of each playbook' }).waitFor();
    const chartOf = (name: string) => page.locator('figure.trend').filter({ hasText: name });
    expect(await chartOf('tries-again').first().locator('circle').count()).toBe(5);
    const bar = await chartOf('tries-again').last().locator('rect.part-verification').last().boundingBox();
    expect(bar?.height).toBeGreaterThan(0);
  });

  it('marks playbooks that have passed no drill', async () => {
    await visit('/playbooks');
    const entry = page.getByRole('link', { name: /go-back/ });
    await entry.waitFor();
    expect(await entry.innerText()).toContain('no drill');
  });

  it('switches automation off with a reason, says so on every page, and on again', async () => {
    await visit('/');
    await button('Switch off').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Reason').fill('a flood of alerts');
    await sheet.getByRole('button', { name: 'Switch off' }).click();
    await sheet.getByText(/^Automation is off\./).waitFor();
    await sheet.getByRole('button', { name: 'Close', exact: true }).last().click();
    await visit('/breakers');
    await shows(/Switched off by local .*a flood of alerts/);
    await start('web/held', 'it is broken');
    const handle = recoveries.getHandle('web/held');
    await until(async () => (await handle.status()).waitingFor?.kind === 'approval', 'a person');
    await button('Switch on').click();
    await sheet.getByLabel('Reason').fill('the flood is over');
    await sheet.getByRole('button', { name: 'Switch on' }).click();
    await sheet.getByText(/^Automation is on\./).waitFor();
    await handle.cancel();
    await handle.result();
  });
});
