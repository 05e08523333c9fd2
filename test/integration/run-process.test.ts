import { describe, expect, it } from 'vitest';
import { createByteReader } from '../../src/store/git-store/byte-reader.ts';
import { runProcess, startProcess } from '../../src/process/run-process.ts';

const env = { PATH: process.env['PATH'] ?? '' };
const node = (script: string): [string, ...string[]] => [process.execPath, '-e', script];

describe('runProcess', () => {
  it('gives bytes, exit code and stderr, and only the environment it was given', async () => {
    const result = await runProcess({
      argv: ['sh', '-c', 'printf "\\377"; echo "$HOME|$GIVEN" >&2; exit 3'],
      env: { ...env, GIVEN: 'yes' },
    });
    expect(result).toMatchObject({ exitCode: 3, signal: null, stderr: '|yes', truncated: false, timedOut: false });
    expect([...result.stdout]).toEqual([255]);
  });

  it('passes arguments and input as they are', async () => {
    const result = await runProcess({
      argv: [...node('process.stdin.pipe(process.stdout); console.error(process.argv[1])'), '$(touch x); "'],
      env,
      input: Buffer.from([0, 1, 254]),
    });
    expect([...result.stdout]).toEqual([0, 1, 254]);
    expect(result.stderr).toBe('$(touch x); "');
  });

  it('keeps a bounded output and lets the program end', async () => {
    const result = await runProcess({
      argv: node('process.stdout.write("x".repeat(1e6)); process.on("exit", () => process.exitCode = 7)'),
      env,
      maxOutputBytes: 1000,
    });
    expect(result).toMatchObject({ exitCode: 7, truncated: true });
    expect(result.stdout).toHaveLength(1000);
  });

  it('kills what ignores SIGTERM', async () => {
    const result = await runProcess({
      argv: node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'),
      env,
      timeoutMs: 700,
      killDelayMs: 100,
    });
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGKILL', timedOut: true });
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const running = runProcess({ argv: node('setInterval(() => {}, 1000)'), env, signal: controller.signal });
    controller.abort();
    expect(await running).toMatchObject({ exitCode: null, cancelled: true });
  });

  it('says that a program is not there', async () => {
    await expect(runProcess({ argv: ['no-such-program-here'], env })).rejects.toMatchObject({
      code: 'command-not-found',
      nonRetryable: true,
    });
  });
});

describe('startProcess', () => {
  it('holds a conversation', async () => {
    const running = startProcess({ argv: ['cat'], env });
    const reader = createByteReader(running.stdout);
    running.stdin.write('hello\n12345');
    expect(await reader.line()).toBe('hello');
    const chunks: Uint8Array[] = [];
    for await (const chunk of reader.take(5)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('12345');
    running.stdin.end();
    expect(await reader.line()).toBeUndefined();
    expect(await running.ended).toMatchObject({ exitCode: 0 });
  });
});
