import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { runMain } from './lib/failure.mjs';
import { inRoot } from './lib/paths.mjs';
import { runCaptured } from './lib/run.mjs';
import { setUp } from './lib/set-up.mjs';

/**
 * Pictures of the real pages for the docs, of a shop of which some things have failed and been recovered. With a directory as
 * argument: every page in light and dark, wide and narrow, to look at.
 */
const MAIN = inRoot('dist', 'cli', 'main.js');
const CHROMIUM = process.env.RERAIL_CHROMIUM ?? '/usr/bin/chromium';

const PLAYBOOK = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: restore-storefront, description: "Put the last good release back, then start it again."}
spec:
  match: [{code: NEVER-MATCHED}]
  approval: {timeout: 1h}
  objectives: {rto: 30m}
  actions:
    - {id: drain, type: run, title: Take it out of the rotation, run: {activity: noop}, compensate: {activity: noop}}
    - {id: rollback, type: rollback, title: Put the last good files back, to: latest, parts: [files]}
    - {id: start, type: retry, title: Start it again}
    - {id: call, type: escalate, title: Call the people on duty}
  verify: {within: 20s, holdFor: 1s}
---
apiVersion: rerail/v1
kind: Playbook
metadata: {name: swap-disk}
spec:
  match: [{code: NEVER-MATCHED}]
  actions:
    - {id: swap, type: manual, title: Swap the disk of the replica, timeout: 4h}
    - {id: start, type: retry, title: Start the replica}
---
apiVersion: rerail/v1
kind: Playbook
metadata: {name: restart-search, description: "Start it again and look whether it answers."}
spec:
  match: [{code: NEVER-MATCHED}]
  objectives: {rto: 2m}
  actions:
    - {id: drain, type: run, title: Take it out of the rotation, run: {activity: noop}, compensate: {activity: noop}}
    - {id: start, type: retry, title: Start it again, retry: {maximumAttempts: 3, initialInterval: 1s}}
    - {id: call, type: escalate, title: Call the people on duty}
  verify: {probes: [{name: answers, command: {argv: [test, -e, search.up]}}], within: 20s, holdFor: 1s}
`;

async function inShop(root, env) {
  const shop = join(root, 'storefront');
  mkdirSync(join(shop, 'config'), { recursive: true });
  const put = (name, text) => writeFileSync(join(shop, name), text);
  put('config/routes.json', '{"home": "/"}\n');
  put('app.mjs', 'export const version = "2.3.0";\n');
  put('release.txt', '2.3.0\n');
  const rerail = (...words) => runCaptured(process.execPath, [MAIN, ...words], { env });
  const subject = ['--subject', 'service/storefront', '--root', shop];
  await rerail('checkpoint', 'create', ...subject, '--name', 'release 2.3.0', '--tag', 'release');
  put('release.txt', '2.3.1\n');
  await rerail('checkpoint', 'create', ...subject, '--name', 'release 2.3.1', '--tag', 'release');
  put('config/routes.json', '{"home": \n');
  put('app.mjs', 'export const version = undefined;\n');
  put('core.dump', 'stray\n');
  return shop;
}

async function stage(root, env, api) {
  const shop = await inShop(root, env);
  const send = async (path, body, method = 'POST') => {
    const answer = await fetch(`${api}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  const operation = { kind: 'command', argv: ['node', 'app.mjs'], workspace: shop };
  const failure = { message: 'GET /checkout answers 500 since the last change of its routes', severity: 'HIGH' };
  await send('/recoveries', {
    failure: { target: 'service/storefront', subject: 'service/storefront', ...failure, operation },
    playbook: 'restore-storefront',
  });
  await send('/recoveries', {
    failure: { target: 'service/orders-db', message: 'replica 2: I/O error on sdb', severity: 'MEDIUM', operation },
    playbook: 'swap-disk',
  });
  // The first tries fail: it is up a little later.
  const search = {
    kind: 'command',
    argv: ['sh', '-c', 'test -e second-try && touch search.up || { touch second-try; exit 7; }'],
  };
  await send('/recoveries', {
    failure: {
      target: 'service/search',
      message: 'connect ECONNREFUSED 127.0.0.1:9200',
      severity: 'HIGH',
      operation: { ...search, workspace: shop },
      host: 'web-1',
    },
    playbook: 'restart-search',
  });
  const broken = { kind: 'command', argv: ['sh', '-c', 'echo "disk quota exceeded" >&2; exit 28'], workspace: shop };
  await send('/recoveries', {
    failure: { target: 'job/nightly-index', message: 'the index was not written', severity: 'LOW', operation: broken },
    playbook: 'restart-search',
  });
  await send('/breakers/payments/open', { reason: 'the provider moves to another site' });
  await send('/breakers/search/close', { reason: 'looked at by hand', mode: 'METRICS_ONLY' });
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(`${api}/api/v1/recoveries/counts`);
    const { waiting, byStatus } = await answer.json();
    if (waiting >= 2 && byStatus.recovered && byStatus.escalated) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const WAITING = '/recoveries/service/storefront';

async function shoot(
  browser,
  api,
  { path, file, colorScheme = 'light', width = 1440, height = 900, full = false, act },
) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(api + path);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
  await page.locator('.loading').waitFor({ state: 'detached' });
  await page.waitForLoadState('load');
  if (act) await act(page);
  await page.waitForTimeout(400);
  await page.screenshot({ path: file, fullPage: full });
  await page.close();
}

async function takePictures(browser, api, directory) {
  const earlier = '/recoveries/service/search';
  if (directory === undefined) {
    const at = (name) => inRoot('docs', 'images', `dashboard-${name}.png`);
    mkdirSync(inRoot('docs', 'images'), { recursive: true });
    await shoot(browser, api, { path: '/', file: at('recoveries'), height: 640 });
    await shoot(browser, api, { path: WAITING, file: at('approval'), height: 1000 });
    await shoot(browser, api, { path: earlier, file: at('recovered'), height: 1000 });
    await shoot(browser, api, { path: WAITING, file: at('approval-dark'), height: 1000, colorScheme: 'dark' });
    return;
  }
  mkdirSync(directory, { recursive: true });
  const pages = {
    recoveries: '/',
    approval: WAITING,
    manual: '/recoveries/service/orders-db',
    recovered: earlier,
    escalated: '/recoveries/job/nightly-index',
    checkpoints: '/checkpoints?subject=service/storefront',
    breakers: '/breakers/payments',
    playbooks: '/playbooks/restore-storefront',
    statistics: '/statistics',
  };
  for (const [name, path] of Object.entries(pages)) {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of [1440, 390]) {
        const file = join(directory, `${name}-${colorScheme}-${width}.png`);
        await shoot(browser, api, {
          path,
          file,
          colorScheme,
          width,
          height: width === 390 ? 844 : 900,
          full: true,
        }).catch((error) => console.error(`${name}: ${error.message}`));
      }
    }
  }
}

await runMain(async () => {
  const { serverPath } = await setUp({ ownServer: true });
  const root = mkdtempSync(join(tmpdir(), 'rerail-pictures-'));
  mkdirSync(join(root, 'playbooks'));
  writeFileSync(join(root, 'playbooks', 'pictures.yaml'), PLAYBOOK);
  const env = {
    ...process.env,
    RERAIL_TEMPORAL_BIN: serverPath,
    RERAIL_DATA_DIR: join(root, 'data'),
    RERAIL_PLAYBOOKS_DIR: join(root, 'playbooks'),
    RERAIL_HOST: 'web-1',
    RERAIL_SERVER_PORT: '0',
    RERAIL_UI_PORT: '0',
    RERAIL_API_PORT: '0',
  };
  const up = spawn(process.execPath, [MAIN, 'up', '-o', 'jsonl'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let api = '';
  createInterface({ input: up.stdout }).on('line', (line) => {
    const { event, apiAddress } = JSON.parse(line);
    if (event === 'up') api = apiAddress;
  });
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: up.stderr }).on('line', (line) => {
      console.error(line);
      if (line.includes('Ctrl-C stops it')) resolve();
    });
    up.once('exit', (code) => reject(new Error(`rerail up ended with ${code}`)));
  });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    await ready;
    await stage(root, env, api);
    await takePictures(browser, api, process.argv[2]);
    return 0;
  } finally {
    await browser.close();
    up.removeAllListeners('exit');
    const ended = new Promise((resolve) => up.once('exit', resolve));
    up.kill('SIGINT');
    await ended;
    rmSync(root, { recursive: true, force: true });
  }
});
