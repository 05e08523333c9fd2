import type { ChildProcess } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { readAuditPage } from '../../src/api/audit/read-audit.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { findDrills } from '../../src/config/load-drills.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { axeViolations, chromiumVersion, DASHBOARD, launchChromium } from '../support/dashboard.ts';
import { until } from '../support/until.ts';
import { createUserHarness } from '../support/user/user-harness.ts';

const PLAYBOOKS = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: dash-approved}
spec:
  match: [{code: NEVER-MATCHED}]
  approval: {timeout: 1h}
  objectives: {rto: 10m}
  actions:
    - {id: note, type: run, title: Note the restart, run: {activity: noop}, compensate: {activity: noop}}
    - {id: again, type: retry, title: Start it again}
---
apiVersion: rerail/v1
kind: Playbook
metadata: {name: dash-parked}
spec:
  match: [{code: NEVER-MATCHED}]
  actions:
    - {id: again, type: retry, title: Start it again, optional: false}
---
apiVersion: rerail/v1
kind: Playbook
metadata: {name: dash-manual}
spec:
  match: [{code: NEVER-MATCHED}]
  actions:
    - {id: fix, type: manual, title: Swap the disk, instructions: Take the left one., commands: [[lsblk]], timeout: 1h}
    - {id: again, type: retry, title: Start it again}
`;

const cli = useCli();
let worker: ChildProcess;
let connection: Connection;
let recoveries: RecoveryClient;
let browser: Browser;
/** Without tokens; the other asks for them. */
let open: TestApi;
let guarded: TestApi;
let address = '';
let context: BrowserContext;
let page: Page;
/** Of the browser: errors of a page, and what the content security policy has kept away. */
const complaints: string[] = [];

const serve = (options: object): Promise<TestApi> =>
  createTestApi(recoveries, {
    ...options,
    dashboard: DASHBOARD,
    temporalUi: 'https://temporal.example.com/ui/',
    host: `cli-${cli.unique}`,
    playbooksDir: [`${cli.root}/playbooks`],
  });

const targetOf = (name: string): string => `web/${name}-${cli.unique}`;

/** A command that works as soon as its file is there. */
async function recover(name: string, playbook: string, flag: string) {
  const root = cli.root;
  const target = targetOf(name);
  const operation = {
    kind: 'command' as const,
    argv: ['test', '-e', flag],
    workspace: root,
    host: `cli-${cli.unique}`,
  };
  await recoveries.start({ target, message: `${name} does not answer`, severity: 'HIGH', operation }, { playbook });
  return { target, handle: recoveries.getHandle(target) };
}

const waitsFor = (handle: { status: () => Promise<{ waitingFor?: { key: string } | undefined }> }, key: string) =>
  until(async () => (await handle.status()).waitingFor?.key === key, `the wait for ${key}`);

async function visit(path: string): Promise<void> {
  await page.goto(new URL(path, address).href);
}
const shows = (text: string | RegExp, of: Page = page) => of.getByText(text).first().waitFor();
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

describe.skipIf(chromiumVersion() === undefined && process.env['CI'] !== 'true')('the dashboard', () => {
  beforeAll(async () => {
    await cli.file('playbooks/dash.yaml', PLAYBOOKS);
    connection = await Connection.connect({ address: inject('serverAddress') });
    recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: `cli-${cli.unique}` });
    [worker, browser, open, guarded] = await Promise.all([
      cli.startWorker(),
      launchChromium(),
      serve({ open: true }),
      serve({}),
    ]);
    address = await open.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([open.close(), guarded.close(), stopChild(worker)]);
    await connection.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    // Three suites at a time share the machine with the server, the worker and the browser.
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async ({ task }) => {
    // What the page showed is most of what there is to know about a failure.
    if (task.result?.state === 'fail')
      process.stderr.write(`${page.url()}\n${await page.locator('body').innerText()}\n`);
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  it('is served with its pages under any address, small, and cached by what it holds', async () => {
    const get = (url: string, accept = 'text/html') => open.app.inject({ url, headers: { accept } });
    const [index, deep, api, other] = await Promise.all([
      get('/'),
      get('/recoveries/release/web?run=1'),
      get('/api/v1/nowhere'),
      get('/nowhere', 'application/json'),
    ]);
    expect([index.statusCode, deep.statusCode, api.statusCode, other.statusCode]).toEqual([200, 200, 404, 404]);
    expect(deep.body).toBe(index.body);
    expect(index.headers['cache-control']).toBe('no-cache');
    expect(api.json()).toMatchObject({ code: 'route-not-found' });
    const files = await readdir(`${DASHBOARD}/assets`);
    const sizes = await Promise.all(
      files.map(async (file) => gzipSync(await readFile(`${DASHBOARD}/assets/${file}`)).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
    expect((await get(`/assets/${files[0]}`)).headers['cache-control']).toContain('immutable');
    expect((await get('/assets/gone.js')).statusCode).toBe(404);
  });

  it('lets a waiting recovery be approved, and shows how it recovers', async () => {
    const flag = await cli.file('flags/approved', '');
    const { target, handle } = await recover('approved', 'dash-approved', flag);
    await waitsFor(handle, 'approval');
    await visit('/');
    const waiting = page.locator('.waiting li', { hasText: target });
    await waiting.getByText('an approval of the plan').waitFor();
    await waiting.getByRole('link').click();
    await shows(/Approve the plan/);
    await shows(/left of 10 min 00 s RTO/);
    expect(await button('Deny').isDisabled()).toBe(true);
    await shows('Deny: needs a reason');
    await page.getByLabel('Reason').fill('looks right');
    await button('Approve').click();
    await page.getByText('recovered', { exact: true }).first().waitFor();
    await shows(/within the RTO/);
    await shows('local: looks right');
    const report = await handle.report();
    const inTemporal = page.getByRole('link', { name: 'Open in Temporal' });
    expect(await inTemporal.getAttribute('href')).toBe(
      `https://temporal.example.com/ui/namespaces/default/workflows/${encodeURIComponent(`recovery/${target}`)}/${report.runId}/history`,
    );
    expect(report.approvals[0]).toMatchObject({ by: 'local', reason: 'looks right', planHash: report.plan?.hash });
    await visit('/?status=recovered');
    await page.locator('.recoveries tr', { hasText: target }).waitFor();
  });

  it('lets a person decide on a parked action, and says why the other answers are refused', async () => {
    const { target, handle } = await recover('parked', 'dash-parked', `${cli.root}/flags/parked`);
    await waitsFor(handle, 'decision:again');
    await visit(`/recoveries/${target}`);
    await shows(/How is it to go on after “Start it again”/);
    const allowed = await handle.allowedDecisions();
    const refused = allowed.filter((entry) => !entry.allowed);
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) await shows(reason ?? '');
    await cli.file('flags/parked', '');
    await button('Retry').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Reason').fill('it is there now');
    await sheet.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('recovered', { exact: true }).first().waitFor();
    expect(await handle.report()).toMatchObject({
      status: 'recovered',
      decisions: [{ by: 'local', decision: 'retry' }],
    });
  });

  it('lets a manual step be reported, and cancels with what is undone named first', async () => {
    const { target, handle } = await recover('manual', 'dash-manual', `${cli.root}/flags/manual`);
    await waitsFor(handle, 'manual:fix');
    await visit(`/recoveries/${target}`);
    await shows('Take the left one.');
    await shows('lsblk');
    await button('Cancel').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('has no undo and stays').waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    expect(await page.locator(':focus').innerText()).toBe('Cancel');
    await cli.file('flags/manual', '');
    await button('Done').click();
    await page.getByText('recovered', { exact: true }).first().waitFor();
    // Nothing is left to go on with.
    await shows('Continue: every action of it was done');
  });

  it('pauses, resumes and kills, goes on where that stopped, and forks', async () => {
    const { target, handle } = await recover('handled', 'dash-manual', `${cli.root}/flags/handled`);
    await waitsFor(handle, 'manual:fix');
    await visit(`/recoveries/${target}`);
    const sheet = page.getByRole('dialog');
    const confirm = async (name: string, reason: string): Promise<void> => {
      await sheet.getByLabel('Reason').fill(reason);
      await sheet.getByRole('button', { name, exact: true }).click();
    };
    await button('Pause').click();
    await confirm('Pause', 'the hall is locked');
    await button('Resume').click();
    await confirm('Resume', 'it is open again');
    await button('Kill').click();
    await sheet.getByText('its undo is not run').or(sheet.getByText('it has no undo')).first().waitFor();
    await confirm('Kill', 'wrong disk');
    await sheet.getByText('Nothing had begun that has an undo.').waitFor();
    await sheet.getByText('Close', { exact: true }).click();
    await button('Continue').click();
    await sheet.getByText('Swap the disk, Start it again').waitFor();
    await confirm('Continue', 'the right one now');
    await cli.file('flags/handled', '');
    await button('Done').click();
    await page.getByText('recovered', { exact: true }).first().waitFor();
    const first = await handle.describe();
    await button('Fork').click();
    await sheet.getByLabel('From').selectOption('again');
    await sheet.locator('dl div', { hasText: 'Kept from then' }).getByText('Swap the disk').waitFor();
    await confirm('Fork', 'once more');
    await until(async () => (await handle.describe()).runId !== first.runId, 'the fork');
    const report = await recoveries.getHandle(target).result();
    expect(report).toMatchObject({ status: 'recovered' });
    expect(report.actions.find(({ id }) => id === 'fix')?.attempts).toHaveLength(1);
  });

  it('keeps its filter in the address', async () => {
    const { target } = await recover('filtered', 'dash-approved', `${cli.root}/flags/none`);
    const { target: other } = await recover('other', 'dash-manual', `${cli.root}/flags/none`);
    await visit('/');
    const row = (name: string) => page.locator('.recoveries tr', { hasText: name });
    await row(other).waitFor();
    await page.getByLabel('Playbook').fill('dash-approved');
    await page.getByRole('button', { name: /awaiting approval/ }).click();
    await row(other).waitFor({ state: 'detached' });
    await row(target).waitFor();
    await page.waitForURL(/playbook=dash-approved/);
    await page.waitForURL(/status=awaiting_approval/);
    await page.reload();
    await row(target).waitFor();
    expect(await page.getByLabel('Playbook').inputValue()).toBe('dash-approved');
    expect(await row(other).count()).toBe(0);
    await page.keyboard.press('/');
    await page.keyboard.type(other);
    await shows('No recovery fits this filter.');
  });

  it('asks for a token, and tells a viewer what needs which role', async () => {
    const { target, handle } = await recover('guarded', 'dash-approved', `${cli.root}/flags/none`);
    await waitsFor(handle, 'approval');
    const place = await guarded.app.listen({ host: '127.0.0.1', port: 0 });
    await page.goto(`${place}/recoveries/${target}`);
    await page.getByLabel('Token').fill('rr_wrong');
    await button('Sign in').click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Token').fill(guarded.tokens.viewer);
    await button('Sign in').click();
    await shows(/Approve the plan/);
    for (const name of ['Approve', 'Deny', 'Pause', 'Cancel', 'Kill'])
      expect(await button(name).isDisabled()).toBe(true);
    await shows('Approve, Deny: needs the role approver');
    await shows('Kill: needs the role admin');
    expect(page.url()).not.toContain(guarded.tokens.viewer);
    expect(await page.evaluate('localStorage.length')).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await button('Sign out').click();
    await page.getByLabel('Token').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
  });

  it('gets over a restart of the server, and misses nothing', async () => {
    const flag = await cli.file('flags/restarted', '');
    const { target, handle } = await recover('restarted', 'dash-approved', flag);
    await waitsFor(handle, 'approval');
    await visit(`/recoveries/${target}`);
    await shows(/Approve the plan/);
    const port = Number(new URL(address).port);
    // As when it crashes: what goes on is cut off.
    const cut = setInterval(() => open.app.server.closeAllConnections(), 50);
    await open.close();
    clearInterval(cut);
    await shows('Reconnecting…');
    const hash = (await handle.status()).planHash ?? '';
    await handle.approve({ planHash: hash, by: 'ada', reason: 'from elsewhere' });
    await handle.result();
    open = await serve({ open: true });
    await open.app.listen({ host: '127.0.0.1', port });
    await page.getByText('recovered', { exact: true }).first().waitFor();
    await shows('ada: from elsewhere');
    await shows('Live');
  });

  it('loads the part of a page again that an outage swallowed, and says so where it never comes', async () => {
    const { target } = await recover('drawn', 'dash-approved', await cli.file('flags/drawn', ''));
    let swallowed = 0;
    await page.route(/assets\/plan-drawing/, async (route) => {
      swallowed += 1;
      await (swallowed === 1 ? route.abort() : route.continue());
    });
    await visit(`/recoveries/${target}`);
    await page.locator('.graph svg').first().waitFor();
    expect(swallowed).toBeGreaterThan(1);
    await page.route(/assets\/breakers-page/, (route) => route.fulfill({ status: 404 }));
    await visit('/breakers');
    await shows('A part of this page did not load');
    await shows('part-missing');
  });

  it('shows what a restore would change, does it once the subject was typed, and takes it back', async () => {
    const subject = targetOf('tree');
    const name = 'tree/notes.txt';
    await cli.file(name, 'good\n');
    const root = `${cli.root}/tree`;
    await recoveries.checkpoints.create(subject, { name: 'good', type: 'manual', host: `cli-${cli.unique}`, root });
    await cli.file(name, 'bad\n');
    await visit(`/checkpoints?subject=${encodeURIComponent(subject)}`);
    await button('good').click();
    await button('Verify').click();
    await shows(/\(full\)/);
    await button('Restore…').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('notes.txt').first().waitFor();
    await sheet.getByLabel('Reason').fill('the change was bad');
    await sheet.getByText('1 path of').waitFor();
    const restore = sheet.getByRole('button', { name: 'Restore' });
    expect(await restore.isDisabled()).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await sheet.getByLabel('Subject, to confirm').fill(subject);
    await restore.click();
    await sheet.getByText('Restored.').waitFor();
    expect(await readFile(`${root}/notes.txt`, 'utf8')).toBe('good\n');
    await sheet.getByRole('button', { name: 'Undo…' }).click();
    await sheet.getByLabel('Reason').fill('it was good after all');
    await sheet.getByLabel('Subject, to confirm').fill(subject);
    await sheet.getByRole('button', { name: 'Undo' }).click();
    await sheet.getByText('Restored.').waitFor();
    expect(await readFile(`${root}/notes.txt`, 'utf8')).toBe('bad\n');
  });

  it('resets a breaker with a reason', async () => {
    const name = `web-${cli.unique}`;
    await recoveries.breakers.forceOpen(name, { by: 'ada', reason: 'moving' });
    await visit(`/breakers/${name}`);
    await shows('ada: moving');
    await button('Reset').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Reason').fill('moved');
    await sheet.getByRole('button', { name: 'Reset' }).click();
    await shows('local: moved');
    expect(await recoveries.breakers.status(name)).toMatchObject({ state: 'CLOSED', lastChange: { by: 'local' } });
    await page.keyboard.press('?');
    await sheet.getByText('This list').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await shows('All recoveries');
  });

  it('shows what monitors see, with maintenance from the page, and the report of a drill', async () => {
    const target = targetOf('watched');
    const host = `cli-${cli.unique}`;
    const probe = { file: { path: `${cli.root}/flags/watched` } };
    await recoveries.monitors.start(
      {
        apiVersion: 'rerail/v1',
        kind: 'Monitor',
        metadata: { name: `web-${cli.unique}` },
        spec: { host, target, checks: [{ name: 'flag', probe, failureThreshold: 1000, periodSeconds: 1 }] },
      },
      { by: 'ada', reason: 'a test', defaultHost: host },
    );
    await visit('/health');
    await page.getByRole('link', { name: `web-${cli.unique}` }).click();
    await button('Maintenance for an hour').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('Reason').fill('moving it');
    await sheet.getByRole('button', { name: 'Maintenance for an hour' }).click();
    await shows('local: moving it');
    await button('End maintenance').waitFor();
    await recoveries.monitors.stop(`web-${cli.unique}`, { by: 'ada', reason: 'the end of the test' });

    const [drill] = await findDrills(['bit-flipped-in-source']);
    const handle = await recoveries.drills.start({ name: 'bit-flipped-in-source', host, spec: drill!.spec });
    await visit(`/drills/${handle.workflowId.replace('drill/', '')}`);
    await page.getByText('passed', { exact: true }).first().waitFor();
    await shows('Time to recover');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('link', { name: 'its recovery' }).click();
    await shows(/recovered by retry/);
    for (const stretch of [/until it was seen/, /planned/, /verified/])
      await page.getByRole('row', { name: stretch }).waitFor();
    await page.getByRole('link', { name: 'Reports' }).click();
    await shows('Time to recover against its objective (RTO)');
    await page.getByRole('row', { name: /bit-flipped-in-source.*1 of 1.*passed/ }).waitFor();
  });

  it('shows hosts and what they have, and drains one with a reason', async () => {
    const host = `cli-${cli.unique}`;
    const { hosts } = recoveries;
    await visit('/');
    await shows('All recoveries');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    const row = page.locator('.side-list').getByRole('link', { name: host });
    await row.getByText('up', { exact: true }).waitFor();
    await row.click();
    await shows(`rerail-host-${host}`);
    await page.getByRole('row', { name: targetOf('tree') }).waitFor();
    await shows('Undrain: it takes work');
    await button('Drain').click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('What runs ends.').waitFor();
    expect(await sheet.getByRole('button', { name: 'Drain' }).isDisabled()).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await sheet.getByLabel('Reason').fill('the disk is replaced');
    await sheet.getByRole('button', { name: 'Drain' }).click();
    await shows('local: the disk is replaced');
    expect(await hosts.find(host)).toMatchObject({ drained: { by: 'local', reason: 'the disk is replaced' } });
    await shows('Drain: it is drained already');
    await page.getByLabel('State').selectOption('drained');
    await page.waitForURL(/\?state=drained/);
    await page.reload();
    await row.getByText('drained', { exact: true }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await button('Undrain').click();
    await sheet.getByLabel('Reason').fill('it has a new one');
    await sheet.getByRole('button', { name: 'Undrain' }).click();
    // It does not fit the filter any more, and stays beside the list.
    await row.waitFor({ state: 'detached' });
    await shows('Undrain: it takes work');
    expect((await hosts.find(host)).drained).toBeNull();

    // As a failover leaves it.
    const done = { to: 'heir', recovery: 'recovery/host/x/1', state: 'done' as const };
    await recoveries.hostRecords.change(host, {
      ...{ type: 'failOver', by: 'ada', reason: 'it was away' },
      ...{ failedOver: done, moved: [] },
    });
    await button('Undrain').click();
    await sheet.getByText('heir has taken over what it had').waitFor();
    await sheet.getByLabel('Reason').fill('heir has stopped');
    expect(await sheet.getByRole('button', { name: 'Undrain' }).isDisabled()).toBe(true);
    await sheet.getByLabel('Host, to confirm').fill(host);
    await sheet.getByRole('button', { name: 'Undrain' }).click();
    await shows('Undrain: it takes work');
    expect((await hosts.find(host)).failedOver).toBeNull();

    await page.route('**/api/v1/hosts', (route) => route.fulfill({ status: 500, body: '{}' }));
    await visit('/hosts');
    await page.getByRole('alert').waitFor();
    await page.route('**/api/v1/hosts', (route) => route.fulfill({ json: { items: [] } }));
    await button('Try again').click();
    await shows('No worker was ever here.');
  });

  it('recovers many executions, after it has named and counted them', async () => {
    const users = await createUserHarness({ address: inject('serverAddress'), playbooks: '' });
    try {
      users.users['ship'] = () => {
        throw ApplicationFailure.create({ message: 'the van broke down' });
      };
      const prefix = `dash-parcel-${cli.unique}`;
      for (const index of [1, 2, 3]) {
        const started = { taskQueue: users.taskQueue, workflowId: `${prefix}-${index}`, args: [{ index }] };
        await (await users.client.workflow.start('parcel', started)).result().catch(() => undefined);
      }
      delete users.users['ship'];
      const query = `WorkflowId STARTS_WITH '${prefix}'`;
      await until(async () => (await users.client.workflow.count(query)).count === 3, 'the list');
      const name = `dash-outage-${cli.unique}`;

      await visit('/');
      await shows('All recoveries');
      await page.keyboard.press('g');
      await page.keyboard.press('u');
      expect(await button('Preview…').isDisabled()).toBe(true);
      await page.getByLabel('Name', { exact: true }).fill(name);
      await page.getByLabel('Query').fill("NoSuchAttribute = 'x'");
      await button('Preview…').click();
      await page.getByRole('alert').waitFor();
      await page.getByLabel('Query').fill(query);
      await button('Preview…').click();
      const sheet = page.getByRole('dialog');
      await sheet.getByText('3 failed executions').waitFor();
      for (const index of [1, 2, 3]) await sheet.getByText(`${prefix}-${index}`, { exact: true }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      const go = sheet.getByRole('button', { name: 'Recover 3 executions' });
      await sheet.getByLabel('Reason').fill('the van is mended');
      expect(await go.isDisabled()).toBe(true);
      expect((await users.client.workflow.count(`WorkflowId = 'bulk/${name}'`)).count).toBe(0);
      await sheet.getByLabel('Name, to confirm').fill(name);
      await go.click();
      await page.waitForURL(new RegExp(`/bulks/${name}$`));
      await shows('3 of 3 treated');
      await shows('3 recovered');
      await page.getByRole('row', { name: `${prefix}-2 recovered` }).waitFor();
      await shows('Stop: it is done');
      expect(await axeViolations(page)).toEqual([]);
      expect(await recoveries.bulks.progress(name)).toMatchObject({ status: 'done', counts: { recovered: 3 } });
      const { items } = await readAuditPage(open.auditFolder, { limit: 200 });
      expect(items.some(({ route }) => route === '/api/v1/executions/bulks')).toBe(true);
    } finally {
      await users.stop();
    }
  });

  it('has nothing that axe finds fault with, in light and dark', async () => {
    const paths = [
      '/',
      `/recoveries/${targetOf('approved')}`,
      `/recoveries/${targetOf('filtered')}`,
      `/checkpoints?subject=${encodeURIComponent(targetOf('tree'))}`,
      `/breakers/web-${cli.unique}`,
      '/playbooks/dash-approved',
      '/health',
      `/hosts/cli-${cli.unique}`,
      '/bulks',
      '/drills',
      '/reports',
      '/statistics',
      '/nowhere',
    ];
    for (const path of paths) {
      await visit(path);
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.loading').waitFor({ state: 'detached' });
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await axeViolations(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await axeViolations(page);
      expect({ path, light, dark }).toEqual({ path, light: [], dark: [] });
    }
  });
});
