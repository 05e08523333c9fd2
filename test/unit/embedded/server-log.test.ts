import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainServerLog, lastLines, readLogFrom } from '../../../src/embedded/server-log.ts';

const TAKEN = '{"level":"ERROR","error":"listen tcp 127.0.0.1:42797: bind: address already in use"}';
const TRACE = Array.from({ length: 400 }, (_, line) => `\tgithub.com/any/frame.go:${line} +0x${line}`).join('\n');

describe('what a server wrote before it gave up', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rerail-log-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is explained by the line that tells why, also above the trace of a panic', async () => {
    const file = path.join(folder, 'server.log');
    const earlier = 'no space left on device\n';
    await writeFile(file, `${earlier}${TAKEN}\npanic: nil pointer\n${TRACE}\n`);
    const error = explainServerLog(await readLogFrom(file, earlier.length), '/data');
    expect(error).toMatchObject({ code: 'port-taken' });
    expect(error?.message).toContain(TAKEN);
    expect(error?.message).not.toContain('frame.go');
  });

  it.each([
    ['write /data/x: no space left on device', 'disk-full'],
    ['attempt to write a readonly database', 'setup-failed'],
    ['file is not a database', 'setup-failed'],
    ['something else', undefined],
  ])('%s: %s', (line, code) => expect(explainServerLog(`first\n${line}\nlast`, '/data')?.code).toBe(code));

  it('is nothing where there is no log, and ends with its last lines', async () => {
    expect(await readLogFrom(path.join(folder, 'none'), 0)).toBe('');
    expect(lastLines(TRACE).split('\n')).toHaveLength(8);
  });
});
