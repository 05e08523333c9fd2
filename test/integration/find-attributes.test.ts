import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAttributes } from '../../src/activities/files/find-attributes.ts';

/** The ACL lets user 1 read, as the kernel keeps it: version 2, then tag, permissions and id of each entry. */
const SCRIPT = `
import os, struct, sys
def entry(tag, allowed, who=0xffffffff): return struct.pack('<HHI', tag, allowed, who)
acl = struct.pack('<I', 2) + entry(1, 6) + entry(2, 4, 1) + entry(4, 4) + entry(16, 4) + entry(32, 4)
for name in sys.argv[2:]: os.setxattr(sys.argv[1], name, acl if 'acl' in name else b'1')
`;
const setAttributes = (file: string, ...names: string[]): void =>
  void execFileSync('/usr/bin/python3', ['-I', '-c', SCRIPT, file, ...names], { stdio: 'ignore' });

const root = mkdtempSync(path.join(tmpdir(), 'rerail-attributes-'));
const canSet = ((): boolean => {
  try {
    setAttributes(root, 'user.probe', 'system.posix_acl_access');
    return true;
  } catch {
    return false;
  }
})();
beforeAll(() => {
  for (const folder of ['sub', 'node_modules']) mkdirSync(path.join(root, folder));
  for (const file of ['plain', 'odd\nname', 'sub/listed', 'node_modules/skipped'])
    writeFileSync(path.join(root, file), 'x');
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

describe.runIf(canSet)('attributes that a checkpoint does not capture', () => {
  it('are found on files and directories, with any name, and not in what is excluded', async () => {
    expect(await findAttributes(root)).toEqual([]);
    setAttributes(path.join(root, 'odd\nname'), 'user.origin');
    setAttributes(path.join(root, 'sub'), 'user.label');
    setAttributes(path.join(root, 'sub/listed'), 'system.posix_acl_access');
    setAttributes(path.join(root, 'node_modules/skipped'), 'user.origin');
    expect(await findAttributes(root)).toEqual(['odd\nname', 'sub', 'sub/listed']);
  });
});
