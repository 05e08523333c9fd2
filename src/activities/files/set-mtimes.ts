import { codeOf, RerailError } from '../../domain/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import type { FsPath } from './entry-path.ts';

export interface Timed {
  path: FsPath;
  mtimeNs: string;
}

const SECOND = 1_000_000_000n;
const GROUP_MIN = 4;
const GROUP_MAX = 400;
const PARALLEL = 4;

const environment = (): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
});

/** The number of `utimensat` on the machines where Node runs most. */
const SYSTEM_CALLS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 280, arm64: 88 };

/**
 * Reads seconds, nanoseconds and path, each with a NUL behind it. -100: paths are absolute; 0x3ffffffe: the access time
 * stays; 0x100: a link is not followed; 2: it is gone, which the verification will report.
 */
const PERL = `
$/ = "\\0";
while (defined(my $s = <STDIN>)) {
  my $n = <STDIN>; my $path = <STDIN>; chomp($s, $n, $path);
  my $times = pack("qqqq", 0, 0x3ffffffe, $s, $n);
  next if syscall($ARGV[0] + 0, -100, $path, $times, 0x100) == 0 || $! + 0 == 2;
  print STDERR "$path: $!"; exit 1;
}`;

/**
 * Node hands times to the kernel as floating point, which loses the last 8 bits of a nanosecond count. Perl, which is on
 * nearly every system with git, passes all of them on in one process; without it `touch` does, in one for each file.
 */
export async function setMtimes(items: readonly Timed[]): Promise<void> {
  if (items.length === 0) return;
  const call = SYSTEM_CALLS[process.arch];
  if (call === undefined || !(await setWithPerl(items, call))) await setWithTouch(items);
}

/** False where there is no perl. */
async function setWithPerl(items: readonly Timed[], call: number): Promise<boolean> {
  const fields = items.flatMap(({ path, mtimeNs }) => {
    // Rounded down, so that the nanoseconds count forward also before 1970.
    const nanoseconds = ((BigInt(mtimeNs) % SECOND) + SECOND) % SECOND;
    const seconds = (BigInt(mtimeNs) - nanoseconds) / SECOND;
    return [Buffer.from(`${String(seconds)}\0${String(nanoseconds)}\0`), Buffer.from(path), Buffer.from('\0')];
  });
  try {
    await run(['perl', '-e', PERL, String(call)], Buffer.concat(fields));
    return true;
  } catch (error) {
    if (codeOf(error) === 'command-not-found') return false;
    throw error;
  }
}

/** Files written together share a time: those are touched together. */
export async function setWithTouch(items: readonly Timed[]): Promise<void> {
  const groups = new Map<string, FsPath[]>();
  for (const { path, mtimeNs } of items) {
    const group = groups.get(mtimeNs);
    if (group === undefined) groups.set(mtimeNs, [path]);
    else group.push(path);
  }
  const commands: [string, ...string[]][] = [];
  const single: Buffer[] = [];
  for (const [mtimeNs, paths] of groups) {
    const texts = paths.filter((path) => typeof path === 'string');
    const grouped = texts.length >= GROUP_MIN ? texts : [];
    for (let at = 0; at < grouped.length; at += GROUP_MAX) {
      commands.push(['touch', '-c', '-h', '-m', '-d', stamp(mtimeNs), ...grouped.slice(at, at + GROUP_MAX)]);
    }
    for (const path of paths) {
      if (typeof path !== 'string' || grouped.length === 0)
        single.push(Buffer.from(`${stamp(mtimeNs)}\0`), Buffer.from(path), Buffer.from('\0'));
    }
  }
  const work = [...commands].reverse();
  const one = async (): Promise<void> => {
    for (let argv = work.pop(); argv !== undefined; argv = work.pop()) await run(argv);
  };
  await Promise.all(Array.from({ length: PARALLEL }, one));
  if (single.length > 0) {
    await run(
      ['xargs', '-0', '-n', '2', '-P', String(PARALLEL), 'touch', '-c', '-h', '-m', '-d'],
      Buffer.concat(single),
    );
  }
}

/** Seconds as a decimal number, which `touch` reads exactly, also before 1970. */
function stamp(mtimeNs: string): string {
  const digits = mtimeNs.replace('-', '').padStart(10, '0');
  return `@${mtimeNs.startsWith('-') ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

async function run(argv: [string, ...string[]], input: Uint8Array = Buffer.alloc(0)): Promise<void> {
  const result = await runProcess({ argv, env: environment(), input });
  if (result.exitCode === 0) return;
  throw new RerailError(
    'restore-failed',
    `Cannot set file times with ${argv[0]}: ${result.stderr || `exit code ${String(result.exitCode)}`}`,
    {
      remedy: 'Check that GNU coreutils and findutils are installed and that the disk can be written.',
    },
  );
}
