import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { runProbe } from '../../../src/activities/probes/run-probe.ts';
import { ProbeReadingSchema, ProbeSchema, type Probe } from '../../../src/domain/probe.schema.ts';
import { cleanUpAfterEach, closedPort, fullPort, httpServer, tcpServer, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

let workspace: string;
beforeEach(() => {
  workspace = temporaryFolder();
});

/** What was seen, as the pair that counts. */
async function look(given: object): Promise<[passed: boolean, observed: string]> {
  const probe: Probe = ProbeSchema.parse({ name: 'p', workspace, ...given });
  const reading = ProbeReadingSchema.parse(await runProbe(probe));
  expect(reading.name).toBe('p');
  expect(given).toHaveProperty(reading.kind);
  return [reading.passed, reading.observed];
}

describe('a command probe', () => {
  const command = (argv: string[], more: object = {}, outer: object = {}) =>
    look({ command: { argv, ...more }, ...outer });

  test.each([
    ['exit 0', {}, true, 'exit code 0'],
    ['exit 3', {}, false, 'exit code 3'],
    ['exit 3', { expectExit: 3 }, true, 'exit code 3'],
    ['exit 0', { expectExit: 3 }, false, 'exit code 0'],
    ['echo all is well', { stdoutContains: 'well' }, true, 'exit code 0'],
    ['echo all is ill', { stdoutContains: 'well' }, false, 'exit code 0, stdout lacks "well"'],
    ['echo well; exit 1', { stdoutContains: 'well' }, false, 'exit code 1'],
    ['kill -9 $$', {}, false, 'killed by SIGKILL'],
  ])('%s with %j: %s, %s', async (script, more, passed, observed) => {
    expect(await command(['sh', '-c', script], more)).toEqual([passed, observed]);
  });

  test('runs in its directory of the workspace', async () => {
    mkdirSync(path.join(workspace, 'sub'));
    expect(await command(['pwd'], { cwd: 'sub', stdoutContains: path.join(workspace, 'sub') })).toEqual([
      true,
      'exit code 0',
    ]);
  });

  test('that does not end is bounded, with all it started', async () => {
    expect(await command(['sleep', '100'], {}, { timeout: '150ms' })).toEqual([false, 'no end within 150 ms']);
    expect(await command(['sh', '-c', 'sleep 100 & wait'], {}, { timeout: '150ms' })).toEqual([
      false,
      'no end within 150 ms',
    ]);
    expect(await command(['sh', '-c', "trap '' TERM; while :; do sleep 0.05; done"], {}, { timeout: '150ms' })).toEqual(
      [false, 'no end within 150 ms'],
    );
  });

  test('that prints without end is bounded', async () => {
    expect(await command(['yes'], {}, { timeout: '150ms' })).toEqual([false, 'no end within 150 ms']);
  });

  test('that cannot be run is a reading too', async () => {
    expect(await command(['rerail-no-such-command'])).toEqual([false, expect.stringContaining('is not found')]);
    expect(await command(['pwd'], { cwd: '..' })).toEqual([false, expect.stringContaining('outside of')]);
    expect(await command(['pwd'], {}, { workspace: '/nonexistent' })).toEqual([
      false,
      expect.stringContaining('ENOENT'),
    ]);
  });
});

describe('a file probe', () => {
  const file = (given: object) => look({ file: { path: 'f', ...given } });
  const sha256 = createHash('sha256').update('all is well').digest('hex');

  test('of what is there', async () => {
    writeFileSync(path.join(workspace, 'f'), 'all is well');
    expect(await file({})).toEqual([true, 'there, 11 bytes']);
    expect(await file({ exists: false })).toEqual([false, 'it is there']);
    expect(await file({ contains: 'well' })).toEqual([true, 'contains "well"']);
    expect(await file({ contains: 'ill.' })).toEqual([false, 'lacks "ill."']);
    expect(await file({ sha256 })).toEqual([true, `sha256 ${sha256}`]);
    expect(await file({ sha256: '0'.repeat(64) })).toEqual([false, `sha256 ${sha256}`]);
  });

  test('of what is not', async () => {
    expect(await file({})).toEqual([false, 'not there']);
    expect(await file({ exists: false })).toEqual([true, 'not there']);
    symlinkSync('nowhere', path.join(workspace, 'f'));
    expect(await file({})).toEqual([false, 'not there']);
  });

  test('of a directory: it is there, but has no content', async () => {
    mkdirSync(path.join(workspace, 'f'));
    expect((await file({}))[0]).toBe(true);
    expect(await file({ contains: 'x' })).toEqual([false, 'not a regular file']);
  });

  test('of a pipe does not wait for a writer', async () => {
    execFileSync('mkfifo', [path.join(workspace, 'f')]);
    expect(await file({ contains: 'x' })).toEqual([false, 'not a regular file']);
    expect(await file({ sha256 })).toEqual([false, 'not a regular file']);
  });

  test('of too large a file to search', async () => {
    writeFileSync(path.join(workspace, 'f'), Buffer.alloc(1024 * 1024 + 1));
    expect(await file({ contains: 'x' })).toEqual([false, '1048577 bytes are too many to search']);
  });

  test.each(['..', '/etc/passwd', 'link/passwd'])('of %s, outside of the workspace, fails', async (name) => {
    symlinkSync('/etc', path.join(workspace, 'link'));
    expect(await look({ file: { path: name } })).toEqual([false, expect.stringContaining('outside of')]);
    expect(await look({ file: { path: name, exists: false } })).toEqual([false, expect.stringContaining('outside of')]);
  });
});

describe('an HTTP probe', () => {
  test.each([
    [200, {}, true],
    [302, {}, true],
    [404, {}, false],
    [500, {}, false],
    [404, { status: 404 }, true],
    [200, { status: 204 }, false],
    [200, { contains: 'well' }, true],
    [200, { contains: 'ill.' }, false],
    [500, { contains: 'well' }, false],
  ])('of status %d with %j: %s', async (status, more, expected) => {
    const { url } = await httpServer((_request, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('all is well'),
    );
    const [passed, observed] = await look({ http: { url, ...more } });
    expect(passed).toBe(expected);
    expect(observed).toMatch(new RegExp(`^HTTP ${status} in \\d+ ms`));
    expect(observed.includes('body lacks "ill."')).toBe(JSON.stringify(more).includes('ill.'));
  });

  test('that hangs is bounded, before and within the answer', async () => {
    const silent = await httpServer(() => undefined);
    expect(await look({ http: { url: silent.url }, timeout: '150ms' })).toEqual([false, 'ETIMEDOUT']);
    const slow = await httpServer((_request, response) => {
      response.write('all is');
    });
    expect(await look({ http: { url: slow.url, contains: 'well' }, timeout: '150ms' })).toEqual([false, 'ETIMEDOUT']);
  });

  test('does not wait for a body that it does not look at', async () => {
    const { url } = await httpServer((_request, response) => {
      response.write('a beginning');
    });
    expect((await look({ http: { url }, timeout: '60s' }))[0]).toBe(true);
  });

  test('reads an endless body up to a bound', async () => {
    const { url } = await httpServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('y'.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    });
    expect(await look({ http: { url, contains: 'well' }, timeout: '60s' })).toEqual([
      false,
      expect.stringContaining('body lacks'),
    ]);
  });

  test('of nobody and of garbage is a reading', async () => {
    expect(await look({ http: { url: `http://127.0.0.1:${await closedPort()}` } })).toEqual([false, 'ECONNREFUSED']);
    const port = await tcpServer((socket) => socket.end('\0\x01 garbage\r\n\r\n'));
    expect(await look({ http: { url: `http://127.0.0.1:${port}` } })).toEqual([false, expect.stringMatching(/^HPE_/)]);
  });
});

describe('a TCP probe', () => {
  test('passes where somebody listens, whatever they say', async () => {
    const port = await tcpServer((socket) => socket.write('\0garbage'));
    expect(await look({ tcp: { port } })).toEqual([true, expect.stringMatching(/^connected in \d+ ms$/)]);
  });

  test('fails where nobody does', async () => {
    expect(await look({ tcp: { port: await closedPort() } })).toEqual([false, 'ECONNREFUSED']);
  });

  test('that hangs is bounded', async () => {
    const port = await fullPort();
    expect(await look({ tcp: { port }, timeout: '150ms' })).toEqual([false, 'no connection within 150 ms']);
  });

  test('fails for a name that is none', async () => {
    expect((await look({ tcp: { host: 'a b', port: 80 } }))[0]).toBe(false);
  });
});
