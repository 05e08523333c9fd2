import path from 'node:path';
import type { Client } from 'pg';
import { RerailError } from '../../../domain/errors.ts';
import { findCommand } from '../../../process/find-command.ts';
import { runProcess } from '../../../process/run-process.ts';
import { providerFailed } from '../provider-error.ts';
import type { AccessLimits, PostgresAccess } from './connection.ts';

export interface ProgramsOptions extends AccessLimits {
  /** Where pg_dump and the others are; default: PATH. */
  binDirectory?: string | undefined;
}

type Program = 'pg_dump' | 'pg_restore' | 'psql';

async function findProgram(program: Program, { binDirectory }: ProgramsOptions): Promise<string> {
  try {
    return await findCommand(program, '/', binDirectory);
  } catch (cause) {
    throw new RerailError('command-not-found', `${program} is not found in ${binDirectory ?? 'PATH'}`, {
      remedy: 'Install the PostgreSQL client (Debian: postgresql-client), or give its directory as binDirectory.',
      nonRetryable: true,
      cause,
    });
  }
}

/** As `dbname='…'`, since a bare name with an equals sign would be read as a connection string. */
export const databaseArgument = (database: string): string =>
  `--dbname=dbname='${database.replaceAll(/[\\']/g, '\\$&')}'`;

/** Only what the program says of errors: its context lines hold rows of the tables. */
function errorLines(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => /error|fatal|could not|detail: +key|server version/i.test(line));
  return (lines.length > 0 ? lines.slice(0, 3) : stderr.split('\n').slice(-1)).join('; ').slice(0, 600);
}

/** Runs one program to its end. Throws `provider-failed` with its own words when it did not end well. */
export async function runProgram(
  program: Program,
  args: readonly string[],
  access: PostgresAccess,
  options: ProgramsOptions,
): Promise<void> {
  const result = await runProcess({
    argv: [await findProgram(program, options), ...args],
    env: access.environment,
    timeoutMs: options.timeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  options.signal?.throwIfAborted();
  if (result.exitCode === 0) return;
  if (result.timedOut) {
    throw new RerailError('timed-out', `${program} of ${access.address.database} took over ${options.timeoutMs} ms`, {
      remedy: 'See whether other sessions hold locks on the tables, or raise timeoutMs.',
    });
  }
  const how = result.signal === null ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
  const said = errorLines(result.stderr);
  if (/No space left on device/.test(result.stderr)) {
    throw new RerailError('disk-full', `${program} of ${access.address.database} ended with ${how}: ${said}`, {
      remedy: 'Free space on the disk that is named, and try again.',
    });
  }
  throw providerFailed(`${program} of ${access.address.database} ended with ${how}${said === '' ? '' : `: ${said}`}`, {
    remedy: remedyFor(said),
  });
}

function remedyFor(said: string): string {
  if (/other objects depend on it/.test(said)) {
    return 'Something made after the capture depends on what it would replace: set dropUnknown, or use the mode new-database.';
  }
  if (/permission denied|must be (owner|superuser)|must be able to SET ROLE/.test(said)) {
    return 'Use a user that owns the objects, or a superuser.';
  }
  return 'Look at what it says, and try again; nothing was changed.';
}

const majorOf = (versionNumber: string): number => Math.floor(Number(versionNumber) / 10_000);

/** Throws when the programs are older than the server, whose dump they could not read or write in full. */
export async function checkVersions(
  client: Client,
  options: ProgramsOptions,
  programs: readonly Program[],
): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num');
  const server = majorOf(rows[0]?.server_version_num ?? '0');
  for (const program of programs) {
    const file = await findProgram(program, options);
    const result = await runProcess({
      argv: [file, '--version'],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      timeoutMs: options.connectTimeoutMs,
    });
    const found = /\(PostgreSQL\) (\d+)/.exec(result.stdout.toString('utf8'))?.[1];
    if (found === undefined) {
      throw providerFailed(`${file} does not say its version: ${result.stderr.slice(0, 200) || 'no output'}`, {
        remedy: 'Install the PostgreSQL client anew, or correct binDirectory.',
        nonRetryable: true,
      });
    }
    if (Number(found) >= server) continue;
    throw providerFailed(`${path.basename(file)} is of PostgreSQL ${found}, the server is of ${server}`, {
      remedy: `Install the client of PostgreSQL ${server} or newer, and give its directory as binDirectory.`,
      nonRetryable: true,
    });
  }
}
