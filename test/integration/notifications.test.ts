import type { ChildProcess } from 'node:child_process';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { readLink } from '../../src/config/approval-links.ts';
import { bodyRefusal } from '../../src/config/body-signature.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { startMailServer, startReceiver, type Received } from '../support/receivers.ts';
import { until } from '../support/until.ts';

const SECRET = 'hook-5ecret-of-the-test';
const ROUTING = 'routing-key-of-the-test';
const LOGIN = { user: 'rerail', password: 'mail-passw0rd' };
const PUBLIC = 'https://rerail.example.com';

const cli = useCli();
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let mail: Awaited<ReturnType<typeof startMailServer>>;
let client: Client;
let recoveries: RecoveryClient;
let worker: ChildProcess;
let environment: NodeJS.ProcessEnv;
let log = '';

const definitions = () => `
apiVersion: rerail/v1
kind: Notifications
spec:
  channels:
    - {name: team, type: slack, urlFrom: env:SLACK_URL}
    - {name: leads, type: slack, urlFrom: env:LEADS_SLACK_URL, approver: {name: grace, roles: [lead]}}
    - {name: pager, type: pagerduty, routingKeyFrom: env:ROUTING_KEY, url: "${receiver.url}/pager"}
    - name: ada
      type: email
      smtp: {host: localhost, port: ${mail.port}, caFile: ${mail.certFile}, user: ${LOGIN.user}, passwordFrom: env:MAIL_PASSWORD}
      from: rerail@example.com
      to: [ada@example.com]
      approver: {name: ada, roles: [lead]}
    - {name: hook, type: webhook, url: "${receiver.url}/hook", secretFrom: env:HOOK_SECRET}
    - {name: dead, type: webhook, url: "${receiver.url}/dead", secretFrom: env:HOOK_SECRET}
    - {name: local, type: console}
  routes:
    - {events: [approval.requested], targets: ["told/*"], channels: [team, leads, ada, dead]}
    - {events: [approval.requested], targets: ["told/*"], channels: [pager]}
    - {events: [operator.needed, recovery.killed, automation.off], channels: [hook]}
    - {events: [help.called], to: [night], channels: [hook]}
    - {events: [recovery.closed], targets: ["told/*"], channels: [hook, local]}
`;

async function startWorker(): Promise<void> {
  worker = await cli.startWorker(environment, 'pipe');
  worker.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
}

beforeAll(async () => {
  receiver = await startReceiver();
  mail = await startMailServer(cli.root, LOGIN);
  const keys = await cli.file('keys', `${'k'.repeat(40)}\n`);
  environment = {
    RERAIL_NOTIFICATIONS_FILE: await cli.file('notifications.yaml', definitions()),
    RERAIL_APPROVAL_KEYS_FILE: keys,
    RERAIL_PUBLIC_URL: `${PUBLIC}/`,
    RERAIL_LOG_LEVEL: 'warn',
    SLACK_URL: `${receiver.url}/slack/T0/secret-path`,
    LEADS_SLACK_URL: `${receiver.url}/slack/leads`,
    ROUTING_KEY: ROUTING,
    MAIL_PASSWORD: LOGIN.password,
    HOOK_SECRET: SECRET,
  };
  client = new Client({ connection: await Connection.connect({ address: inject('serverAddress') }) });
  recoveries = createRecoveryClient({ client, taskQueue: `cli-${cli.unique}` });
  await startWorker();
});
afterAll(async () => {
  await stopChild(worker, 'SIGKILL');
  await client.connection.close();
  await mail.stop();
  await receiver.stop();
});

const start = async (playbook: string, target: string, extra: object = {}) => {
  const operation = { kind: 'command' as const, argv: ['true'], workspace: cli.root };
  const failure = {
    target,
    message: 'pool <empty> password=hunter2222',
    host: `cli-${cli.unique}`,
    operation,
    ...extra,
  };
  return (await recoveries.start(failure, { playbook })).handle;
};
const told = (event: string, target: string) =>
  receiver.at('/hook').filter(({ body }) => body['event'] === event && JSON.stringify(body).includes(target));
const steps = (received: Received[]) => received.map(({ body }) => body['event_action']);

describe('a recovery that asks', () => {
  it('reaches each channel in its form, though channels fail, and waits for none', async () => {
    const slack = '/slack/T0/secret-path';
    receiver.answers[slack] = [500, (response) => response.writeHead(429, { 'retry-after': '1' }).end()];
    receiver.answers['/dead'] = Array.from({ length: 50 }, () => () => undefined);
    mail.refusals.push(451);
    const target = `told/web-${cli.unique}`;
    const handle = await start('approved', target);

    await until(async () => receiver.at(slack).length === 3 && mail.mails.length === 1, 'Slack and the mail');
    const { planHash = '' } = await handle.status();
    const said = receiver.at(slack).at(-1)?.text ?? '';
    expect(said).toContain(`The recovery of ${target} waits for an approval`);
    expect(said).toContain('pool &lt;empty&gt;');
    expect(said).toContain(`rerail recovery approve recovery/${target} --plan-hash ${planHash.slice(0, 12)}`);
    expect(said).toContain(`${PUBLIC}/recoveries/recovery%2F`);
    expect(said).not.toContain('hunter2222');
    // Only where somebody is named for whom a link could answer.
    expect(said).not.toContain('/links/');
    const leads = await until(async () => receiver.at('/slack/leads')[0], 'the message with links');
    const { blocks } = leads.body as { blocks: { text: { text: string } }[] };
    const offered = [...(blocks.at(-1)?.text.text ?? '').matchAll(/<([^|>]+)\|(\w+)>/g)];
    expect(offered.map(([, , label]) => label)).toEqual(['Open', 'Approve', 'Deny']);
    const { runId, waitingFor } = await handle.status();
    for (const [index, verdict] of [
      [1, 'approved'],
      [2, 'denied'],
    ] as const) {
      const [, token = ''] = new RegExp(`^${PUBLIC}/links/(.+)$`).exec(offered[index]?.[1] ?? '') ?? [];
      expect(await readLink(token, environment['RERAIL_APPROVAL_KEYS_FILE'] ?? '')).toMatchObject({
        verdict,
        by: 'grace',
        roles: ['lead'],
        workflowId: handle.workflowId,
        runId,
        planHash,
        since: waitingFor?.since,
      });
    }
    const letter = (mail.mails[0] ?? '').replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(letter).toMatch(/Message-ID: <[0-9a-f]{40}@rerail>/i);
    expect(letter).toMatch(new RegExp(`Approve: ${PUBLIC}/links/[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}`));
    expect(letter).toContain('Deny: ');

    await handle.approve({ planHash, by: 'ada', reason: 'looks good' });
    expect((await handle.result()).status).toBe('recovered');
    await until(async () => receiver.at('/pager').some(({ body }) => body['event_action'] === 'resolve'), 'resolve');
    const incidents = receiver.at('/pager');
    expect(steps(incidents).at(0)).toBe('trigger');
    expect(steps(incidents).at(-1)).toBe('resolve');
    expect(new Set(incidents.map(({ body }) => body['dedup_key'])).size).toBe(1);
    expect(incidents[0]?.body).toMatchObject({
      routing_key: ROUTING,
      payload: { source: target, class: 'approval.requested' },
    });

    const [closed] = await until(
      async () => (told('recovery.recovered', target).length > 0 ? told('recovery.recovered', target) : false),
      'the end',
    );
    const text = closed?.text ?? '';
    const signed = { header: String(closed?.headers['x-rerail-signature']), body: Buffer.from(text), secret: SECRET };
    expect(bodyRefusal(signed, new Date())).toBeUndefined();
    expect(bodyRefusal({ ...signed, body: Buffer.from(`${text} `) }, new Date())).toBe('the signature does not fit');
    expect(receiver.at('/dead').length).toBeGreaterThan(0);
    expect(receiver.at(slack)).toHaveLength(3);
  });

  it('calls those that a playbook escalates to, and tells of what was killed', async () => {
    await cli.file(
      'playbooks/night.yaml',
      'apiVersion: rerail/v1\nkind: Playbook\nmetadata: {name: night}\nspec:\n  match: [{code: NEVER}]\n' +
        '  actions:\n    - {id: call, type: escalate, to: [night]}\n',
    );
    const handle = await start('night', `other/night-${cli.unique}`);
    const parked = await start('ask', `other/killed-${cli.unique}`);
    await until(async () => (await parked.status()).waitingFor !== undefined, 'the wait');
    await parked.kill({ by: 'ada', reason: 'a test' });
    expect((await handle.result()).status).toBe('escalated');
    const call = await until(async () => told('help.called', 'night')[0], 'the call');
    expect(call.body['title']).toContain('needs a person');
    await until(async () => told('recovery.killed', 'killed')[0], 'the kill');
  });
});

describe('a worker that dies', () => {
  it('leaves its message and its watch to the next one, with the same key', async () => {
    receiver.answers['/hook'] = [() => worker.kill('SIGKILL')];
    const before = receiver.at('/hook').length;
    const handle = await start('ask', `other/lost-${cli.unique}`);
    await until(async () => receiver.at('/hook').length > before && worker.signalCode !== null, 'the death');
    const second = recoveries.start(
      { target: `other/later-${cli.unique}`, message: 'broke meanwhile' },
      { playbook: 'ask' },
    );
    await startWorker();
    await second;
    const twice = await until(
      async () => (told('operator.needed', 'lost').length === 2 ? told('operator.needed', 'lost') : false),
      'the second try',
    );
    expect(new Set(twice.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    await until(async () => told('operator.needed', 'later')[0], 'what happened meanwhile');
    expect(told('operator.needed', 'lost')).toHaveLength(2);
    await handle.cancel();
  });

  it('has written no secret into its log', () => {
    expect(log).toContain('a channel did not take a message');
    expect(log).toContain('has recovered');
    for (const secret of [SECRET, ROUTING, LOGIN.password, 'secret-path', '/links/']) expect(log).not.toContain(secret);
  });
});
