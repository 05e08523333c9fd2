import { access } from 'node:fs/promises';
import { DEFAULT_EXCLUDES } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { createExcluded } from './exclude-paths.ts';

/** Fixed places: what PATH names may be a wrapper. */
const PYTHONS = ['/usr/bin/python3', '/usr/local/bin/python3'] as const;
/** Labels of SELinux and the like are left out: the system puts them on by itself. */
const SCRIPT = `
import os, sys
def look(path):
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return
    if any(n.startswith(('user.', 'system.posix_acl_')) or n == 'security.capability' for n in names):
        sys.stdout.buffer.write(path[2:] + b'\\0')
for above, folders, files in os.walk(b'.'):
    for name in folders + files:
        look(os.path.join(above, name))
`;
const TIMEOUT_MS = 5 * 60_000;

/**
 * Entries below a directory that have extended attributes, an ACL or capabilities. Node cannot read those; Python can.
 * Undefined where it is not installed. Throws `action-failed`.
 */
export async function findAttributes(root: string): Promise<string[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  for (const python of PYTHONS) {
    if (await access(python).catch(() => 'absent')) continue;
    const argv = [python, '-I', '-S', '-c', SCRIPT] as const;
    const { exitCode, stdout, stderr } = await runProcess({ argv, env: {}, cwd: root, timeoutMs: TIMEOUT_MS });
    const found = stdout.toString('utf8').split('\0').slice(0, -1);
    const excluded = createExcluded(DEFAULT_EXCLUDES);
    if (exitCode === 0) return found.filter((name) => !excluded(name)).sort();
    throw new RerailError('action-failed', `${python} could not look for attributes in ${root}: ${stderr}`, {
      remedy: 'Check that the directory can be read.',
    });
  }
  return undefined;
}
