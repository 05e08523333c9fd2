import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditLog } from '../../../src/api/audit/audit-log.ts';
import { auditFiles, readAuditPage } from '../../../src/api/audit/read-audit.ts';
import { verifyAudit } from '../../../src/api/audit/verify-audit.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let seconds = 0;
const clock = () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds++));

async function write(count: number): Promise<void> {
  const log = await openAuditLog(folder, clock);
  await Promise.all(Array.from({ length: count }, (_, index) => log.append({ kind: 'intent', target: `t${index}` })));
  await log.close();
}
const fileAt = async (index: number): Promise<string> => path.join(folder, (await auditFiles(folder)).at(index) ?? '');

describe('the audit', () => {
  it('is a chain over lines and files, read newest first in pages', async () => {
    await write(3);
    await write(2);
    expect(await verifyAudit(folder)).toMatchObject({ files: 2, entries: 7, torn: [] });
    const targets: (string | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await readAuditPage(folder, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      targets.push(...page.items.map(({ target }) => target));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(targets).toEqual(['t1', 't0', undefined, 't2', 't1', 't0', undefined]);
    await expect(readAuditPage(folder, { limit: 1, cursor: 'eA' })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('bears a last line that a crash has cut off, and says so', async () => {
    await write(2);
    await appendFile(await fileAt(0), '{"seq":4,"kind":"int');
    await write(1);
    const { torn, entries } = await verifyAudit(folder);
    expect([torn.length, entries]).toEqual([1, 5]);
  });

  it.each([
    ['a changed line', (text: string) => text.replace('"t1"', '"t9"'), 3],
    ['a line less', (text: string) => text.split('\n').toSpliced(1, 1).join('\n'), 2],
    ['an end cut off', (text: string) => `${text.split('\n').slice(0, 2).join('\n')}\n`, 1],
  ])('names the place of %s', async (_what, change, line) => {
    await write(3);
    await write(1);
    const file = await fileAt(0);
    await writeFile(file, change(await readFile(file, 'utf8')));
    await expect(verifyAudit(folder)).rejects.toMatchObject({ code: 'audit-broken', details: { line } });
  });

  it('shows that a whole file is gone', async () => {
    await write(1);
    await write(1);
    await rm(await fileAt(0));
    await expect(verifyAudit(folder)).rejects.toThrow('is gone');
  });
});
