import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { RerailError } from '../domain/errors.ts';
import { findCommand } from './find-command.ts';

export interface GoTool {
  /** Of the file in the cache. */
  name: string;
  version: string;
  /** What `go install` takes, without the version. */
  module: string;
  /** The program that comes of it. */
  program: string;
  /** In the cache; default: the name. */
  folder?: string;
}

const USUAL = ['/usr/local/go/bin', '/usr/lib/go/bin', '/opt/homebrew/bin'];
const TIME_LIMIT_MS = 15 * 60_000;

const cacheDir = (): string =>
  process.env['RERAIL_CACHE_DIR'] ??
  path.join(process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? homedir(), '.cache'), 'rerail');

async function findGo({ name }: GoTool, target: string): Promise<string> {
  try {
    return await findCommand('go', '/', [process.env['PATH'] ?? '', ...USUAL].join(path.delimiter));
  } catch (cause) {
    throw new RerailError('setup-failed', `there is no ${name} in ${target}, and no Go to build it`, {
      remedy: `Install Go from https://go.dev, or put ${name} there.`,
      cause,
      nonRetryable: true,
    });
  }
}

/** Go's sources and objects are kept where this user has them anyway, else only until the program is built. */
function goCaches(own: string): NodeJS.ProcessEnv {
  const { GOMODCACHE, GOPATH, GOFLAGS = '' } = process.env;
  if (existsSync(GOMODCACHE ?? path.join(GOPATH ?? path.join(homedir(), 'go'), 'pkg', 'mod'))) return {};
  // Go's sources are read-only by default, and could not be removed then.
  return {
    GOMODCACHE: path.join(own, 'mod'),
    GOCACHE: path.join(own, 'objects'),
    GOFLAGS: `${GOFLAGS} -modcacherw`.trim(),
  };
}

async function build(tool: GoTool, target: string, signal: AbortSignal | undefined): Promise<void> {
  const go = await findGo(tool, target);
  await mkdir(path.dirname(target), { recursive: true });
  const bin = await mkdtemp(`${target}.build-`);
  const environment = { ...process.env, ...goCaches(bin), GOBIN: bin };
  try {
    const words = ['install', '-p=2', '-trimpath', '-ldflags', '-s -w', `${tool.module}@v${tool.version}`];
    const child = spawn(go, words, {
      cwd: bin,
      env: { ...environment, PATH: `${path.dirname(go)}${path.delimiter}${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIME_LIMIT_MS,
      ...(signal ? { signal } : {}),
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) {
      const last = said.trim().split('\n').slice(-3).join(' | ');
      throw new RerailError('setup-failed', `go install of ${tool.module} v${tool.version} failed: ${last}`, {
        remedy: `Check the network and \`go env GOPROXY\`, or put the program at ${target}.`,
        nonRetryable: true,
      });
    }
    // Whoever builds it at the same time makes the same file.
    await rename(path.join(bin, tool.program), target);
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}

/** Path of a program written in Go, built on first need (about a minute). Throws `setup-failed`. */
export async function ensureGoTool(tool: GoTool, signal?: AbortSignal): Promise<string> {
  // The version is in the name, so that a newer one is built when it is asked for.
  const target = path.join(cacheDir(), tool.folder ?? tool.name, `${tool.name}-${tool.version}`);
  if (!existsSync(target)) await build(tool, target, signal);
  return target;
}
