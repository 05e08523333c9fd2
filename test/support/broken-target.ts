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

export const waitsFor = (handle: { status: () => Promise<{ waitingFor?: { key: string } }> }, key: string) =>
  until(async () => (await handle.status()).waitingFor?.key === key, `the wait for ${key}`);
