import { Client, Connection } from '@temporalio/client';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { axeViolations, chromiumVersion, DASHBOARD, launchChromium } from '../support/dashboard.ts';

interface View {
  path: string;
  /** What it asks for, and what it says while that is on its way. */
  asks: string;
  loading: string;
  /** An answer without anything in it, and what is said then. */
  nothing?: [answer: object, text: string];
}

const NONE = { items: [] };
const VIEWS: View[] = [
  { path: '/', asks: 'recoveries?*', loading: '', nothing: [NONE, 'Nothing has had to be recovered yet'] },
  { path: '/?target=nowhere', asks: 'recoveries?*', loading: '', nothing: [NONE, 'No recovery fits this filter.'] },
  { path: '/recoveries/web/x', asks: 'recoveries/web*', loading: 'Loading web/x…' },
  { path: '/checkpoints', asks: 'subjects', loading: 'subjects', nothing: [NONE, 'No checkpoint has been taken yet'] },
  { path: '/breakers', asks: 'breakers', loading: 'breakers', nothing: [NONE, 'There are no circuit breakers.'] },
  { path: '/health', asks: 'monitors', loading: 'monitors', nothing: [NONE, 'No monitor runs.'] },
  { path: '/hosts', asks: 'hosts', loading: 'hosts', nothing: [NONE, 'No worker was ever here.'] },
  { path: '/bulks', asks: 'executions/bulks', loading: 'bulk recoveries', nothing: [NONE, 'There was none yet.'] },
  { path: '/drills', asks: 'drills?*', loading: 'drills', nothing: [NONE, 'No drill was run yet.'] },
  { path: '/playbooks', asks: 'playbooks', loading: 'playbooks', nothing: [NONE, 'There are no playbooks.'] },
  { path: '/reports', asks: 'reports/period?*', loading: 'the report' },
  {
    path: '/statistics',
    asks: 'stats?*',
    loading: 'figures',
    nothing: [{ read: 0, all: { n: 0 }, groups: [] }, 'No recovery has closed in this time.'],
  },
];
const PROBLEM = {
  title: 'Something went wrong',
  status: 500,
  detail: 'the `disk` is gone',
  code: 'unexpected',
  remedy: 'Look at it.',
};

let connection: Connection;
let browser: Browser;
let api: TestApi;
let address = '';
let context: BrowserContext;
let page: Page;

describe.skipIf(chromiumVersion() === undefined && process.env['CI'] !== 'true')('the states of the dashboard', () => {
  beforeAll(async () => {
    connection = await Connection.connect({ address: inject('serverAddress') });
    const recoveries = createRecoveryClient({ client: new Client({ connection }) });
    [browser, api] = await Promise.all([
      launchChromium(),
      createTestApi(recoveries, { open: true, dashboard: DASHBOARD }),
    ]);
    address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
    await connection.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
  });
  afterEach(() => context.close());

  it.each(VIEWS)('$path says that it loads, what failed, and that there is nothing', async (view) => {
    const { path, asks, loading, nothing } = view;
    let held: Route[] | undefined = [];
    let answer: object = PROBLEM;
    const give = (route: Route) => route.fulfill({ status: answer === PROBLEM ? 500 : 200, json: answer });
    await page.route(`**/api/v1/${asks}`, async (route) => {
      if (held) held.push(route);
      else await give(route);
    });
    await page.goto(new URL(path, address).href);
    await page
      .getByRole('status')
      .filter({ hasText: new RegExp(`Loading .*${loading.replace(/^Loading /, '')}`) })
      .waitFor();
    const waiting = held;
    held = undefined;
    await Promise.all(waiting.map(give));
    const alert = page.getByRole('alert').first();
    await alert.getByText('Something went wrong').waitFor();
    expect(await alert.innerText()).toMatch(/the disk is gone[\s\S]*What to do: Look at it\./);
    expect(await axeViolations(page)).toEqual([]);
    if (!nothing) return;
    [answer] = nothing;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(nothing[1]).first().waitFor();
    await alert.waitFor({ state: 'detached' });
    expect(await axeViolations(page)).toEqual([]);
  });

  it('keeps the theme that was chosen, over a reload and against the system', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(new URL('/statistics', address).href);
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.getByRole('button', { name: 'Theme: as the system' }).waitFor();
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    expect(dark).not.toBe(light);

    await page.getByRole('button', { name: 'Theme: as the system' }).click();
    expect(await background()).toBe(light);
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await background()).toBe(dark);
    await page.getByText('Recoveries looked at').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Theme: dark' }).click();
    expect(await background()).toBe(light);
  });
});
