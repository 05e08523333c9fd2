import { describe, expect, it } from 'vitest';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { DRAIN, FIX, head } from '../support/playbook-text.ts';

const PROBED = 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1ms, holdFor: 1ms, every: 1ms}';
const STEP = '    - {id: step, type: run, run: {command: [step]}}\n';
const ASKED = '    - {id: again, type: run, run: {command: [again]}, approval: {timeout: 1h}}\n';

const harness = sharedHarness(
  [
    head('parks', PROBED) + DRAIN + STEP,
    head('parks-unprobed') + STEP,
    head('asks-later', PROBED) + DRAIN + ASKED,
    head('by-hand', PROBED) + FIX,
    head('asks-first', `approval: {timeout: 1h}\n  ${PROBED}`) + STEP,
  ].join('---\n'),
);

const BEGAN = '2026-01-02T03:04:05.000Z';
const ofAlert = (fingerprint = 'f00d') => ({
  operation: undefined,
  labels: { alertSource: 'generic', alertFingerprint: fingerprint, alertRule: 'a-rule' },
  source: { kind: 'alert' as const, name: 'sender' },
  occurredAt: BEGAN,
});

const report = async (playbook: string, more: object = ofAlert()) =>
  (await harness.recoveries.start(failureOf(harness, more), { playbook })).handle;

const resolve = (fingerprint = 'f00d', startsAt = BEGAN) =>
  harness.recoveries.noteResolved({
    target: harness.target,
    alert: { source: 'generic', sender: 'sender', fingerprint, startsAt, title: 'it was down' },
    key: `${fingerprint}-${startsAt}`,
  });

const probesAnswer = (passed: boolean): void => {
  harness.fakes['runProbe'] = () => ({
    name: 'up',
    kind: 'tcp',
    passed,
    observed: passed ? 'connected' : 'refused',
    durationMs: 1,
    at: new Date(0).toISOString(),
  });
};

/** Parked after an effect that has an undo. */
async function parked(more?: object) {
  probesAnswer(false);
  failTimes(harness, Infinity);
  const handle = await report('parks', more);
  await waitsFor(handle, 'decision:step');
  return handle;
}

describe('an alert that is over', () => {
  it('ends a parked recovery whose probes pass, with what was seen, and undoes nothing', async () => {
    const handle = await parked();
    probesAnswer(true);
    expect(await resolve()).toMatchObject({ outcome: 'recovered', note: 'the alert is resolved and the probes pass' });
    const ended = await handle.result();
    expect(ended).toMatchObject({
      status: 'recovered',
      resolvedBy: 'probes',
      verification: { verified: true, how: 'probes', after: [{ name: 'up', passed: true }] },
      compensations: [],
      joined: [],
    });
    expect(ended.summary).toContain('the alert is resolved');
    expect(ended.nextSteps[0]).toContain('nothing was undone');
    expect(ended.durations.ttrMs).toBeGreaterThan(0);
    expect(ended.timeline.map(({ message }) => message)).toContain('resolved: it was down');
    expect(harness.calls).not.toContain('checkConnectivity');
    expect(await resolve('f00d', '2026-01-03T00:00:00Z')).toMatchObject({ outcome: 'none-open' });
  });

  it('is noted with what was seen where the probes fail', async () => {
    const handle = await parked();
    const looks = harness.calls.filter((call) => call === 'runProbe').length;
    expect(await resolve()).toMatchObject({ outcome: 'noted', note: 'noted: up fails: refused' });
    expect(harness.calls.filter((call) => call === 'runProbe')).toHaveLength(looks + 1);
    expect(await handle.status()).toMatchObject({ status: 'awaiting_operator', waitingFor: { key: 'decision:step' } });
    await handle.cancel();
    expect((await handle.result()).verification).toMatchObject({ verified: false, after: [{ passed: false }] });
  });

  it('ends one that waits for a later approval, a manual step, or the end of a pause', async () => {
    const later = await report('asks-later');
    await waitsFor(later, 'approval:again');
    probesAnswer(true);
    expect(await resolve()).toMatchObject({ outcome: 'recovered' });
    expect((await later.result()).actions.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'drain succeeded',
      'again not_needed',
    ]);

    const byHand = await report('by-hand');
    await waitsFor(byHand, 'manual:fix');
    expect(await resolve()).toMatchObject({ outcome: 'recovered' });
    expect((await byHand.result()).status).toBe('recovered');

    const paused = await report('asks-first');
    await waitsFor(paused, 'approval');
    await paused.pause({ by: 'ada', reason: 'wait' });
    await paused.approve({ planHash: (await paused.plan())!.hash, by: 'ada' });
    await waitsFor(paused, 'resume');
    expect(await resolve()).toMatchObject({
      outcome: 'cancelled',
      note: 'the alert is resolved and the probes pass, and nothing had been done',
    });
    expect(await paused.result()).toMatchObject({ status: 'cancelled', verification: { after: [{ passed: true }] } });
  });

  it('ends nothing while another alert fires, and ends it with the last', async () => {
    const handle = await parked();
    await report('parks', { ...ofAlert('beef'), message: 'it broke elsewhere' });
    probesAnswer(true);
    expect((await resolve()).note).toBe('noted: the probes pass, but the alert a-rule (beef) is not over');
    // The end of what began before it did.
    expect(await resolve('beef', '2025-01-01T00:00:00Z')).toMatchObject({ outcome: 'noted' });
    expect(await handle.isOpen()).toBe(true);
    expect(await resolve('beef')).toMatchObject({ outcome: 'recovered' });
    expect((await handle.result()).joined).toHaveLength(1);
  });

  it('leaves to a person what a person has reported, and an operation that has failed', async () => {
    const handle = await parked({ operation: undefined, source: { kind: 'cli', name: 'eve' } });
    probesAnswer(true);
    expect((await resolve()).note).toBe('noted: the probes pass, but eve has reported it as well');
    await handle.cancel();
    await handle.result();

    const failed = await parked({ ...ofAlert(), operation: { kind: 'command', argv: ['npm'], workspace: '/w' } });
    probesAnswer(true);
    expect((await resolve()).note).toBe('noted: the probes pass, but what has failed is still to be done again');
    await failed.cancel();
  });

  it('is only noted without probes, while it works, and while it waits for an undo', async () => {
    failTimes(harness, Infinity);
    const unprobed = await report('parks-unprobed');
    await waitsFor(unprobed, 'decision:step');
    expect((await resolve()).note).toContain('the plan has no probes');
    await unprobed.cancel();
    await unprobed.result();

    let release: (() => void) | undefined;
    harness.fakes['runCommand'] = () =>
      new Promise((_done, fail) => {
        release = () => fail(commandFailed());
      });
    harness.fakes['checkConnectivity'] = () => {
      throw commandFailed('no undo');
    };
    const working = await report('parks');
    await until(() => Promise.resolve(release !== undefined), 'the command');
    expect(await resolve()).toMatchObject({ outcome: 'noted', note: 'noted: the recovery is executing' });
    release?.();
    await waitsFor(working, 'decision:step');
    await working.decide({ actionId: 'step', decision: 'abort', by: 'ada', reason: 'not this way' });
    await waitsFor(working, 'decision:drain');
    probesAnswer(true);
    expect(await resolve('f00d', '2026-01-02T04:00:00Z')).toMatchObject({ outcome: 'noted' });
    expect((await working.status()).waitingFor).toMatchObject({ key: 'decision:drain' });
    await working.decide({ actionId: 'drain', decision: 'skip', by: 'ada', reason: 'by hand' });
    expect((await working.result()).status).toBe('failed');
  });

  it('is refused where it does not say what it is about', async () => {
    const handle = await parked();
    await expect(resolve('')).rejects.toThrow('fingerprint');
    await handle.cancel();
  });
});
