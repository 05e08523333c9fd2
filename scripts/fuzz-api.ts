// Schemathesis over the whole HTTP API of a system of its own, as each role and as somebody without a token; `--seconds 60` for
// each, `--only admin`, `-o json`.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROLES, type Role } from '../src/api/contract/route.ts';
import { MAIN, withOwnSystem, type OwnSystem } from './lib/own-system.ts';
import { cacheDir } from './lib/paths.mjs';
import { runCommand } from './prove/run-command.ts';

const VERSION = '4.32.5';
const CHECKS =
  'ignored_auth,not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
const ALERT_RULES = `apiVersion: rerail/v1
kind: AlertRules
spec:
  rules: [{ name: never, match: { labels: { fuzzed: "no" } }, failure: { target: never, message: never } }]
`;

/** 504 is an answer as well: the tester makes monitors of hosts that nobody runs, and asks them. */
const CONFIG = `[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 504]
`;

/** The tester, in a Python of its own. */
async function ensureTester(): Promise<string> {
  const folder = join(cacheDir(), `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (existsSync(program)) return program;
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', folder],
    [join(folder, 'bin', 'pip'), 'install', '--quiet', `schemathesis==${VERSION}`],
  ] as [string, ...string[]][]) {
    const { exitCode, said } = await runCommand(command, args);
    if (exitCode !== 0) throw new Error(`schemathesis needs python3 with venv and pip: ${said}`);
  }
  return program;
}

/** Somebody without a token may only be told so. */
const NOBODY = 'nobody';
type Who = Role | typeof NOBODY;

interface Tried {
  who: Who;
  requests: number;
  clean: boolean;
}

/** Prints what it found. */
async function fuzz(program: string, { api }: OwnSystem, who: Who, token: string, seconds: number): Promise<Tried> {
  const args = [
    ...['--config-file', 'schemathesis.toml', 'run', `${api}/openapi.json`],
    ...(token === '' ? [] : ['-H', `Authorization: Bearer ${token}`]),
    ...['--phases', 'coverage,fuzzing', '--max-time', String(seconds), '--checks', CHECKS, '--continue-on-failure'],
    // Streams do not end; the tester's complaints about its own data are not about the API.
    ...['--exclude-path-regex', '/events$', '--suppress-health-check', 'all', '--request-timeout', '60'],
  ];
  // It keeps notes where it works.
  const { exitCode, stdout } = await runCommand(program, args, process.env, folder);
  const requests = Number(/(\d+) generated/.exec(stdout)?.[1] ?? 0);
  const clean = exitCode === 0 && requests > 0;
  if (!clean) process.stderr.write(stdout);
  process.stderr.write(
    `${who.padEnd(9)} ${String(requests).padStart(6)} requests  ${clean ? 'nothing found' : 'FAILED'}\n`,
  );
  return { who, requests, clean };
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    output: { type: 'string', short: 'o', default: 'text' },
  },
});
const everybody: readonly Who[] = [...ROLES, NOBODY];
const chosen = everybody.filter((who) => values.only === undefined || who === values.only);
if (chosen.length === 0) throw new Error(`--only takes one of ${everybody.join(', ')}`);
const program = await ensureTester();
const folder = await mkdtemp(join(tmpdir(), 'rerail-fuzz-'));
try {
  const tokens = new Map<Who, string>(chosen.map((who) => [who, '']));
  const entries: unknown[] = [];
  for (const role of ROLES) {
    const made = await runCommand(process.execPath, [MAIN, '-o', 'json', 'token', 'create', role, '--role', role]);
    const { token, entry } = JSON.parse(made.stdout) as { token: string; entry: unknown };
    if (tokens.has(role)) tokens.set(role, token);
    entries.push(entry);
  }
  const settings = {
    RERAIL_API_TOKENS_FILE: join(folder, 'tokens.json'),
    RERAIL_ALERT_RULES_FILE: join(folder, 'alerts.yaml'),
    RERAIL_API_RATE_LIMIT: '100000000',
    RERAIL_LOG_LEVEL: 'fatal',
  };
  await writeFile(settings.RERAIL_API_TOKENS_FILE, JSON.stringify(entries));
  await writeFile(join(folder, 'schemathesis.toml'), CONFIG);
  await writeFile(settings.RERAIL_ALERT_RULES_FILE, ALERT_RULES);
  const tried: Tried[] = [];
  await withOwnSystem(folder, settings, async (system) => {
    for (const [who, token] of tokens) tried.push(await fuzz(program, system, who, token, Number(values.seconds)));
  });
  if (values.output === 'json')
    process.stdout.write(`${JSON.stringify({ tester: `Schemathesis ${VERSION}`, tried })}\n`);
  process.exitCode = tried.every(({ clean }) => clean) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
