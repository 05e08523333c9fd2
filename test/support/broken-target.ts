import { commandFailed, until, type Harness } from './harness.ts';

/** The failure of the harness's target that most tests report. */
export const failureOf = ({ target }: Harness, extra: object = {}) => ({
  target,
  message: 'it broke',
  operation: { kind: 'command' as const, argv: ['npm', 'test'], workspace: '/w' },
  ...extra,
});

/** Lets the command fail so many times before it works. */
export function failTimes(harness: Harness, times: number): void {
  let left = times;
  harness.fakes['runCommand'] = () => {
    if (left-- > 0) throw commandFailed();
    return { exitCode: 0, durationMs: 1 };
  };
}

/** Lets the command fail so many times, and the thing not work before it has. */
export function failTimesAndProbes(harness: Harness, times: number): void {
  failTimes(harness, times);
  const run = harness.fakes['runCommand'] as () => unknown;
  let works = false;
  harness.fakes['runCommand'] = () => {
    const answer = run();
    works = true;
    return answer;
  };
  const reading = { name: 'up', kind: 'tcp', durationMs: 1, at: '' };
  harness.fakes['runProbe'] = () => ({ ...reading, passed: works, observed: works ? 'open' : 'ECONNREFUSED' });
}

export const waitsFor = (handle: { status: () => Promise<{ waitingFor?: { key: string } }> }, key: string) =>
  until(async () => (await handle.status()).waitingFor?.key === key, `the wait for ${key}`);
