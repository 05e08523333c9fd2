import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findOccurrences, type Waits } from '../../../src/activities/notifications/find-occurrences.ts';
import { dedupKey } from '../../../src/activities/notifications/channels/send-pagerduty.ts';
import { slackBody } from '../../../src/activities/notifications/channels/send-slack.ts';
import { writeMessage } from '../../../src/activities/notifications/write-message.ts';
import { explainIssues, parseYaml } from '../../../src/config/parse-yaml.ts';
import { AlertRulesSchema } from '../../../src/domain/alert.schema.ts';
import { NotificationsSchema, type Occurrence } from '../../../src/domain/notification.schema.ts';
import { channelsFor } from '../../../src/domain/notification.ts';
import type { ListedRecovery } from '../../../src/domain/recovery-list.schema.ts';

const CHANNELS = `
    - {name: slack, type: slack, urlFrom: env:URL}
    - {name: pager, type: pagerduty, routingKeyFrom: env:KEY}`;
const read = (routes: string, channels = CHANNELS) => {
  const text = `apiVersion: rerail/v1\nkind: Notifications\nspec:\n  channels:${channels}\n  routes:\n${routes}\n`;
  const [document] = parseYaml(text, 'n.yaml', 'settings-invalid');
  const parsed = NotificationsSchema.safeParse(document?.value);
  return parsed.success ? parsed.data.spec : explainIssues(parsed.error.issues, document!);
};
const occurrence = (event: Occurrence['event'], more: Partial<Occurrence> = {}): Occurrence => ({
  event,
  key: 'k',
  at: '2026-01-01T00:00:00Z',
  target: 'release/web',
  severity: 'HIGH',
  ...more,
});
const names = (routes: string, given: Occurrence): string[] => {
  const rules = read(routes);
  if (typeof rules === 'string') throw new Error(rules);
  return channelsFor(rules, given).map(({ name }) => name);
};

describe('the definition file', () => {
  it('is refused with line, column and field', () => {
    expect(read('    - {channels: [nowhere]}')).toBe(
      'n.yaml:8:19: spec.routes.0.channels.0: there is no channel "nowhere": slack, pager',
    );
    expect(read('    - {channels: [s]}', '\n    - {name: s, type: slack, urlFrom: "https://hooks/secret"}')).toContain(
      'n.yaml:5:39: spec.channels.0.urlFrom: must be env:NAME or file:/path',
    );
    const smtp = (more: string) =>
      read(
        '    - {channels: [m]}',
        `\n    - {name: m, type: email, from: a@b, to: [a@b], smtp: {host: h, user: u, passwordFrom: env:P, ${more}}}`,
      );
    expect(smtp('tls: none')).toContain('a password is not sent without TLS');
    expect(smtp('tls: tls')).toMatchObject({ channels: [{ name: 'm' }] });
  });
});

it.each([
  ['notifications', NotificationsSchema],
  ['alerts', AlertRulesSchema],
] as const)('the example in the guide %s is valid', (page, schema) => {
  const text = readFileSync(new URL(`../../../docs/guide/${page}.md`, import.meta.url), 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
  expect(schema.safeParse(parseYaml(yaml, page, 'settings-invalid')[0]?.value).error).toBeUndefined();
});

describe('routes', () => {
  it('go by event, severity, target and who is called', () => {
    const route = '    - {events: [recovery.closed], severity: [HIGH], targets: ["release/*"], channels: [slack]}';
    expect(names(route, occurrence('recovery.failed'))).toEqual(['slack']);
    expect(names(route, occurrence('recovery.started'))).toEqual([]);
    expect(names(route, occurrence('recovery.failed', { severity: 'LOW' }))).toEqual([]);
    expect(names(route, occurrence('recovery.failed', { target: 'other/web' }))).toEqual([]);
    const called = '    - {to: [night], channels: [slack]}';
    expect(names(called, occurrence('help.called', { to: ['day', 'night'] }))).toEqual(['slack']);
    expect(names(called, occurrence('help.called', { to: ['day'] }))).toEqual([]);
  });

  it('end an incident where they began one, and no message', () => {
    const route = '    - {events: [approval.requested], channels: [slack, pager]}';
    expect(names(route, occurrence('approval.requested'))).toEqual(['slack', 'pager']);
    expect(names(route, occurrence('approval.answered'))).toEqual(['pager']);
    expect(names(route, occurrence('recovery.recovered'))).toEqual(['pager']);
    expect(names(route, occurrence('recovery.failed'))).toEqual([]);
  });

  it('have one incident for all of a recovery', () => {
    const about = { workflowId: 'recovery/release/web', runId: 'r' };
    expect(dedupKey(occurrence('approval.requested', { ...about, key: 'a' }))).toBe(
      dedupKey(occurrence('recovery.recovered', { ...about, key: 'b' })),
    );
    expect(dedupKey(occurrence('recovery.failed', { ...about, workflowId: 'x'.repeat(400) })).length).toBe(64);
  });
});

describe('what there is to tell', () => {
  const now = new Date('2026-01-01T00:10:00Z');
  const listed = (more: Partial<ListedRecovery> = {}): ListedRecovery => ({
    workflowId: 'recovery/a/b',
    runId: 'r',
    target: 'a/b',
    status: 'awaiting_approval',
    subject: null,
    playbook: 'p',
    category: null,
    failureType: null,
    severity: null,
    waitingFor: 'approval',
    waitingSince: '2026-01-01T00:05:00.000Z',
    startedAt: '2026-01-01T00:00:00.000Z',
    closedAt: null,
    ...more,
  });
  const find = (list: ListedRecovery[], before: Waits = new Map()) =>
    findOccurrences(list, { since: new Date('2026-01-01T00:01:00Z'), before, now });

  it('is a wait for a person, once for each wait, and its end', () => {
    const first = find([listed()]);
    expect(first.occurrences.map(({ event }) => event)).toEqual(['approval.requested']);
    const later = find([listed({ waitingSince: '2026-01-01T00:06:00.000Z' })], first.waits);
    expect(later.occurrences.map(({ event }) => event)).toEqual(['approval.requested', 'approval.answered']);
    expect(later.occurrences[0]?.key).not.toBe(first.occurrences[0]?.key);
    expect(find([], first.waits).occurrences.map(({ event }) => event)).toEqual(['approval.answered']);
    const cut = find([listed({ waitingSince: '2026-01-01T00:05:00.34Z' })]);
    expect(cut.occurrences[0]?.at).toBe('2026-01-01T00:05:00.340Z');
    expect(find([listed({ waitingFor: 'breaker:x' })]).occurrences).toEqual([]);
  });

  it('is how it ended, instead of the end of the wait', () => {
    const { waits } = find([listed({ waitingFor: 'decision:x' })]);
    const closed = listed({ status: 'killed', closedAt: now.toISOString() });
    expect(find([closed], waits).occurrences.map(({ event }) => event)).toEqual(['recovery.killed']);
  });
});

describe('a message', () => {
  it('mentions nobody and holds no secret, whatever a failure says', () => {
    const detail = '<!channel> password=hunter2222 <https://evil|click>';
    const message = writeMessage({ occurrence: occurrence('help.called', { detail }), now: new Date() });
    const text = JSON.stringify(slackBody(message));
    expect(text).toContain('&lt;!channel&gt;');
    expect(text).not.toMatch(/<!channel>|hunter2222|<https:\/\/evil/);
  });
});
