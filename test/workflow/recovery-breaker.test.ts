import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RecoveryReportSchema } from '../../src/domain/report.schema.ts';
import { failTimes, failureOf } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';
import { ESCALATE, head } from '../support/playbook-text.ts';

const NAME = '{{ failure.labels.breaker }}';
const TRIES = 'retry: {maximumAttempts: 3, initialInterval: 1ms, maximumInterval: 1ms, strategy: linear, jitter: full}';
const PLAYBOOKS = [
  head('guarded') + `    - {id: again, type: retry, breaker: "${NAME}", timeout: 20s, ${TRIES}}\n` + ESCALATE,
  head('hasty') + `    - {id: again, type: retry, breaker: "${NAME}", timeout: 1ms}\n` + ESCALATE,
  head('stand-in') + `    - {id: again, type: retry, ${TRIES}, fallback: {command: [serve, cached]}}\n` + ESCALATE,
  head('run-stand-in') +
    '    - {id: fetch, type: run, run: {activity: checkConnectivity}, fallback: {activity: noop}}\n' +
    '    - {id: again, type: retry}\n',
  head('reset') +
    `    - {id: reset, type: run, run: {activity: resetBreaker, input: {breaker: "${NAME}", reason: mended}}}\n` +
    `    - {id: again, type: retry, breaker: "${NAME}", timeout: 20s}\n`,
].join('---\n');

const harness = newHarnessForEach(PLAYBOOKS);
const hand = { by: 'ada', reason: 'a test' };
const nameOf = () => `db-${harness.host}`;
const tried = () => harness.calls.filter((call) => call.startsWith('runCommand'));

const start = async (playbook: string) =>
  (await harness.recoveries.start(failureOf(harness, { labels: { breaker: nameOf() } }), { playbook })).handle;

/** Opens the breaker by five failures; it may be tried again after the wait. */
async function openBreaker(waitDurationInOpenState: '1ms' | '500ms' | '1h'): Promise<void> {
  const { breakers } = harness.recoveries;
  await breakers.configure(nameOf(), { ...hand, settings: { waitDurationInOpenState } });
  const results = Array.from({ length: 5 }, () => ({ ok: false, durationMs: 1 }));
  await breakers.report(nameOf(), { id: randomUUID(), by: 'a', generation: 1, results });
}

describe('a recovery with a circuit breaker', () => {
  it('asks it before each try, and tells it how each went', async () => {
    failTimes(harness, 2);
    const handle = await start('guarded');
    expect(await handle.result()).toMatchObject({ status: 'recovered', resolvedBy: 'retry' });
    expect(tried()).toHaveLength(3);
    await until(
      async () => (await harness.recoveries.breakers.status(nameOf())).counts.calls === 3,
      'the batch of the three tries',
    );
    expect((await harness.recoveries.breakers.status(nameOf())).counts).toMatchObject({ failed: 2 });
  });

  it('waits while it is open, says so, and then tries with a lease that closes it', async () => {
    await openBreaker('500ms');
    const handle = await start('guarded');
    const { waitingFor } = await until(async () => {
      const status = await handle.status();
      return status.waitingFor?.kind === 'breaker' && status;
    }, 'the wait');
    expect(waitingFor).toMatchObject({ key: `breaker:${nameOf()}`, actionId: 'again' });
    expect(Date.parse(waitingFor!.until!)).toBeGreaterThan(Date.parse(waitingFor!.since));
    const report = RecoveryReportSchema.parse(await handle.result());
    expect(report).toMatchObject({ status: 'recovered', durations: { humanWaitMs: 0 } });
    expect(report.actions[0]?.attempts.map(({ ok }) => ok)).toEqual([true]);
    const { state, changes } = await harness.recoveries.breakers.status(nameOf());
    expect(state).toBe('CLOSED');
    expect(changes.slice(-3).map(({ to }) => to)).toEqual(['OPEN', 'HALF_OPEN', 'CLOSED']);
  });

  it('gives up with the action’s time-out, without a try, and names the way out', async () => {
    await openBreaker('1h');
    const report = await (await start('hasty')).result();
    expect(report).toMatchObject({ status: 'escalated', actions: [{ status: 'failed' }, {}] });
    expect(report.actions[0]?.error).toMatchObject({
      code: 'breaker-open',
      remedy: expect.stringContaining(`rerail breaker reset ${nameOf()}`),
    });
    expect(tried()).toEqual([]);
  });

  it('goes on when a person resets it', async () => {
    await openBreaker('1h');
    const handle = await start('guarded');
    const { breakers, listRecoveries } = harness.recoveries;
    const waiting = (waitingFor: string) => listRecoveries({ target: harness.target, waitingFor });
    await until(async () => (await waiting('any')).length === 1, 'the wait in Visibility');
    expect(await waiting('person')).toEqual([]);
    await breakers.reset(nameOf(), hand);
    expect(await handle.result()).toMatchObject({ status: 'recovered' });
  });

  it('resets it as a step of its playbook', async () => {
    await openBreaker('1h');
    const report = await (await start('reset')).result();
    expect(report.actions[0]).toMatchObject({ status: 'succeeded' });
    expect(report.status).toBe('recovered');
    const { changes } = await harness.recoveries.breakers.status(nameOf());
    expect(changes.at(-1)).toMatchObject({ to: 'CLOSED', by: `recovery/${harness.target}`, reason: 'mended' });
  });

  it('gives its lease back when it is cancelled', async () => {
    await openBreaker('1ms');
    let release: (value: unknown) => void = () => undefined;
    harness.fakes['runCommand'] = () => new Promise((resolve) => (release = resolve));
    const handle = await start('guarded');
    await until(() => Promise.resolve(tried().length > 0), 'the try');
    expect((await harness.recoveries.breakers.status(nameOf())).leases).toHaveLength(1);
    await handle.cancel();
    expect(await handle.result()).toMatchObject({ status: 'cancelled' });
    release({ exitCode: 0, durationMs: 1 });
    expect(await harness.recoveries.breakers.status(nameOf())).toMatchObject({ state: 'HALF_OPEN', leases: [] });
  });
});

describe('a fallback', () => {
  it('stands in when the tries of a retry are spent: the recovery is partial and says so', async () => {
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      if (operation.argv[0] === 'npm') throw commandFailed();
      return { exitCode: 0, durationMs: 1, output: { from: 'cache' } };
    };
    const report = RecoveryReportSchema.parse(await (await start('stand-in')).result());
    expect(report).toMatchObject({ status: 'partial', resolvedBy: 'fallback' });
    expect(report.summary).toContain('goes on with a fallback');
    expect(report.actions[0]).toMatchObject({ status: 'succeeded', output: { output: { from: 'cache' } } });
    expect(report.actions[0]?.note).toMatch(/^fallback: serve cached stands in after: npm test/);
    expect(report.actions[0]?.attempts.map(({ ok }) => ok)).toEqual([false, false, false, true]);
    expect(tried()).toEqual([...Array.from({ length: 3 }, () => 'runCommand npm test'), 'runCommand serve cached']);
  });

  it('that fails as well leaves the action failed, with both reasons', async () => {
    failTimes(harness, 99);
    const report = await (await start('stand-in')).result();
    expect(report.status).toBe('escalated');
    expect(report.actions[0]?.error?.message).toMatch(/the fallback failed as well/);
  });

  it('of a run counts as its success', async () => {
    harness.fakes['checkConnectivity'] = () => {
      throw commandFailed('no way');
    };
    const report = await (await start('run-stand-in')).result();
    expect(report).toMatchObject({ status: 'recovered', resolvedBy: 'retry' });
    expect(report.actions[0]).toMatchObject({ status: 'succeeded', note: expect.stringContaining('activity noop') });
  });
});
