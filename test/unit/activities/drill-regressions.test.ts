import { describe, expect, it } from 'vitest';
import { createSuiteActivities } from '../../../src/activities/drills/create-suite-activities.ts';
import { writeMessage } from '../../../src/activities/notifications/write-message.ts';
import type { Occurrence } from '../../../src/domain/notification.ts';
import { NotificationsSchema } from '../../../src/domain/notification.schema.ts';

const input = {
  workflowId: 'drill-suite/web-2026-01-01T04:00:00Z',
  host: 'web',
  at: '2026-01-01T04:10:00.000Z',
  regressions: [{ name: 'git-lock', kind: 'verdict' as const, message: 'failed, and had passed before' }],
};
const { spec: rules } = NotificationsSchema.parse({
  apiVersion: 'rerail/v1',
  kind: 'Notifications',
  spec: {
    channels: ['drills', 'all', 'others'].map((name) => ({ name, type: 'console' })),
    routes: [
      { events: ['drill.regression'], channels: ['drills'] },
      { channels: ['all'] },
      { events: ['recovery.closed'], channels: ['others'] },
    ],
  },
});

describe('regressions of drills', () => {
  it('go to the channels that want them, as one message that says what to look at', async () => {
    const sent: [Occurrence, string][] = [];
    const { tellOfRegressions } = createSuiteActivities({
      rules: () => Promise.resolve(rules),
      lastPast: () => Promise.resolve({}),
      send: (occurrence, channel) => Promise.resolve(sent.push([occurrence, channel])),
    });
    expect(await tellOfRegressions(input)).toEqual({ told: 2 });
    expect(sent.map(([, channel]) => channel)).toEqual(['drills', 'all']);
    const [[occurrence]] = sent as [[Occurrence, string]];
    const message = writeMessage({ occurrence, publicUrl: 'https://rerail.test', now: new Date() });
    expect(message).toMatchObject({
      title: 'Drills have become worse: drill-suite/web',
      commands: [`rerail drill suite report ${input.workflowId}`],
      // No recovery, so no page of one.
      links: [],
    });
    expect(message.facts).toContainEqual({ label: 'Detail', value: 'git-lock: failed, and had passed before' });
  });

  it('are told to nobody where nobody is to be told', async () => {
    const { tellOfRegressions } = createSuiteActivities({
      lastPast: () => Promise.resolve({}),
      send: () => Promise.reject(new Error('to whom?')),
    });
    expect(await tellOfRegressions(input)).toEqual({ told: 0 });
  });

  it('are looked for in the last suite that is kept, where the schedule has not handed it over', async () => {
    const { judgeDrillSuite } = createSuiteActivities({
      lastPast: (host, workflowId) => Promise.resolve({ [`${host} ${workflowId}`]: { verdict: 'passed', ttrsMs: [] } }),
      send: () => Promise.resolve(),
    });
    const drill = {
      name: 'web me',
      workflowId: 'drill/web',
      startedAt: '',
      verdict: 'failed',
      problems: ['x'],
      ttrMs: null,
    };
    const suite = { host: 'web', workflowId: 'me', drills: [drill] };
    const found = await judgeDrillSuite({ ...suite, past: {} } as never);
    expect(found.regressions).toMatchObject([{ name: 'web me', kind: 'verdict' }]);
    const handed = { 'web me': { verdict: 'failed', ttrsMs: [] } };
    expect((await judgeDrillSuite({ ...suite, past: handed } as never)).regressions).toEqual([]);
  });
});
