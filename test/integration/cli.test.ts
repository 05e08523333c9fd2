import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
import { PlanSchema } from '../../src/domain/plan.schema.ts';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { useCli, type Ended } from '../support/cli.ts';

const cli = useCli();
const { rerail, json, exists, file, pipeline } = cli;

describe('a plan, which needs no server', () => {
  const noServer = { env: { RERAIL_ADDRESS: '127.0.0.1:1' } };

  it('is readable as text, with the hint that it is a preview on stderr', async () => {
    const { code, stdout, stderr } = await rerail(
      ['plan', '--failure-type', 'test_failure', '--lane', 'standard'],
      noServer,
    );
    expect(code).toBe(EXIT.done);
    expect(stdout).toContain('test_failure');
    expect(stdout).toMatch(/escalate/i);
    expect(stdout).not.toContain('preview:');
    expect(stderr).toMatch(/preview/i);
  });

  it('is one JSON document of its schema', async () => {
    const { code, stdout } = await rerail(
      ['-o', 'json', 'plan', '--failure-type', 'test_failure', '--lane', 'heavy'],
      noServer,
    );
    expect(code).toBe(EXIT.done);
    const plan = PlanSchema.parse(JSON.parse(stdout));
    expect(plan).toMatchObject({ failureType: 'test_failure', lane: 'heavy', target: 'preview/target' });
    expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is made for a failure from a file or from standard input, where options win', async () => {
    const failure = JSON.stringify({ target: 'release/web', message: 'disk is full', code: 'ENOSPC', lane: 'heavy' });
    const name = await file('failure.json', failure);
    const planOf = ({ stdout }: Ended) => PlanSchema.parse(JSON.parse(stdout));
    const fromFile = planOf(await rerail(['plan', '--file', name, '-o', 'json'], noServer));
    expect(fromFile).toMatchObject({
      target: 'release/web',
      errorCode: 'ENOSPC',
      errorCategory: 'RESOURCE',
      lane: 'heavy',
    });
    const fromInput = planOf(
      await rerail(['plan', '--file', '-', '--lane', 'docs', '-o', 'json'], { ...noServer, input: failure }),
    );
    expect(fromInput).toMatchObject({ target: 'release/web', errorCategory: 'RESOURCE', lane: 'docs' });
  });

  it('takes inputs and labels, and a playbook by name', async () => {
    const { stdout } = await rerail(
      ['plan', '--message', 'x', '--playbook', 'ask', '--label', 'team=core', '-o', 'jsonl'],
      noServer,
    );
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(PlanSchema.parse(JSON.parse(stdout)).actions.map(({ id }) => id)).toEqual(['fix', 'retry']);
  });
});

describe('help', () => {
  it('has an example for every command', () => {
    const leaves = (command: Command, words: string[]): { command: Command; words: string[] }[] =>
      command.commands.length === 0
        ? [{ command, words }]
        : command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
    // What the shells' completion asks is no command for people.
    const commands = leaves(createProgram(), []).filter(({ words }) => words[0] !== 'complete');
    expect(commands.length).toBeGreaterThan(20);
    for (const { command, words } of commands) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toMatch(new RegExp(`Example:\\n  \\$ rerail ${words.join(' ')}\\b`));
    }
  });

  it('is what --help prints', async () => {
    const { code, stdout } = await rerail(['recovery', 'approve', '--help']);
    expect([code, stdout]).toEqual([EXIT.done, expect.stringContaining('$ rerail recovery approve ')]);
  });

  it('tells the version on stdout', async () => {
    const { code, stdout } = await rerail(['--version']);
    expect([code, stdout]).toEqual([EXIT.done, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  });
});

describe('bad input is refused before anything starts', () => {
  interface Bad {
    what: string;
    words: string[];
    code: number;
    /** All of them on stderr: the field or place, and the remedy. */
    says: (string | RegExp)[];
    pipeline?: string;
    input?: string;
  }
  const RECOVER = ['recover', '--target', '{target}', '--message', 'it broke'];
  const RUN = ['run', '{pipeline}', '--key', '{key}'];
  const step = (more: string): string => `    - name: build\n      steps:\n        - {name: make, ${more}}\n`;
  const cases: Bad[] = [
    {
      what: 'an unknown playbook',
      words: [...RECOVER, '--playbook', 'nope'],
      code: EXIT.usage,
      says: ['unknown-playbook', '"nope"', 'Use one of: ', 'give-up'],
    },
    {
      what: 'an unknown playbook of a run',
      words: [...RUN, '--playbook', 'nope'],
      pipeline: pipeline('bad', step('run: [node]')),
      code: EXIT.usage,
      says: ['"nope"', 'Use one of: '],
    },
    {
      what: 'an unknown playbook of a plan',
      words: ['plan', '--message', 'x', '--playbook', 'nope'],
      code: EXIT.usage,
      says: ['"nope"', 'Use one of: '],
    },
    {
      what: 'malformed YAML',
      words: RUN,
      pipeline: 'apiVersion: rerail/v1\nkind: Pipeline\nmetadata: {name: bad\nspec: 1\n',
      code: EXIT.invalid,
      says: ['pipeline-invalid', /bad\.yaml:\d+:\d+: /, 'line and column'],
    },
    {
      what: 'a field that is not known',
      words: RUN,
      pipeline: pipeline('bad', step('run: [node], color: red')),
      code: EXIT.invalid,
      says: [/bad\.yaml:9:\d+: spec\.phases\.0\.steps\.0\.color/, 'Correct the named fields'],
    },
    {
      what: 'a compound duration in a pipeline',
      words: RUN,
      pipeline: pipeline('bad', step('run: [node], timeout: 1h30m')),
      code: EXIT.invalid,
      says: [/bad\.yaml:9:\d+: spec\.phases\.0\.steps\.0\.timeout/, 'write "90m"'],
    },
    {
      what: 'a compound duration in an option',
      words: [...RECOVER, '--playbook', 'ask', '--wait', '--timeout', '1h30m'],
      code: EXIT.usage,
      says: ['--timeout', 'write "90m"'],
    },
    {
      what: 'a pipeline without phases',
      words: RUN,
      pipeline: pipeline('bad', '    []\n'),
      code: EXIT.invalid,
      says: ['spec.phases', 'must have at least one phase'],
    },
    {
      what: 'an empty pipeline file',
      words: RUN,
      pipeline: '',
      code: EXIT.invalid,
      says: ['bad.yaml is empty', 'Write exactly one document'],
    },
    {
      what: 'a pipeline file that is not there',
      words: ['run', '/nowhere/at-all.yaml'],
      code: EXIT.invalid,
      says: ['/nowhere/at-all.yaml', 'there is no such file', 'Check the path'],
    },
    {
      what: 'a path outside the workspace',
      words: RUN,
      pipeline: pipeline('bad', step('run: [node], cwd: ../elsewhere')),
      code: EXIT.invalid,
      says: ['path-outside-workspace', 'cwd of step make', '../elsewhere', 'inside the workspace'],
    },
    {
      what: 'a workspace that is not there',
      words: [...RUN, '--workspace', '/nowhere/at-all'],
      pipeline: pipeline('bad', step('run: [node]')),
      code: EXIT.invalid,
      says: ['spec.workspace', '/nowhere/at-all', 'existing directory'],
    },
    {
      what: 'a command of a step that is not installed',
      words: RUN,
      pipeline: pipeline('bad', step('run: [no-such-program]')),
      code: EXIT.invalid,
      says: ['command-not-found', 'phase build, step make, run', '"no-such-program"', 'Install it'],
    },
    {
      what: 'an undo that is not installed',
      words: RUN,
      pipeline: pipeline('bad', step('run: [node], compensate: [no-such-undo]')),
      code: EXIT.invalid,
      says: ['step make, compensate', '"no-such-undo"'],
    },
    {
      what: 'a command that is not installed',
      words: [...RECOVER, '--', 'no-such-program', 'now'],
      code: EXIT.invalid,
      says: ['command-not-found', '"no-such-program"', 'Install it'],
    },
    {
      what: 'a lane that is not known',
      words: [...RECOVER, '--lane', 'express'],
      code: EXIT.usage,
      says: ['--lane', 'express', 'heavy'],
    },
    {
      what: 'a failure type that is not known',
      words: [...RECOVER, '--failure-type', 'gremlins'],
      code: EXIT.usage,
      says: ['--failure-type', 'gremlins', 'test_failure'],
    },
    {
      what: 'a label without a value',
      words: [...RECOVER, '--label', 'team'],
      code: EXIT.usage,
      says: ['--label team', 'Write --label name=value'],
    },
    {
      what: 'an input without a value',
      words: [...RECOVER, '--input', 'port'],
      code: EXIT.usage,
      says: ['--input port', 'Write --input name=value'],
    },
    {
      what: 'a target that is no name',
      words: ['recover', '--target', 'web', '--message', 'x'],
      code: EXIT.usage,
      says: ['target: ', 'kind/name', 'Correct the named fields'],
    },
    {
      what: 'a failure without a target',
      words: ['recover', '{target}', '--message', 'it broke'],
      code: EXIT.usage,
      says: ['it is not said what broke', '--target release/web'],
    },
    {
      what: 'a failure without a message',
      words: ['recover', '--target', '{target}'],
      code: EXIT.usage,
      says: ['it is not said how it failed', '--message'],
    },
    {
      what: 'a plan of nothing',
      words: ['plan'],
      code: EXIT.usage,
      says: ['nothing says what failed', '--failure-type'],
    },
    {
      what: 'a failure that is not JSON',
      words: ['recover', '--file', '-'],
      input: '{"target": ',
      code: EXIT.usage,
      says: ['--file - is not JSON', 'Correct it'],
    },
    {
      what: 'a failure that is no object',
      words: ['recover', '--file', '-'],
      input: '[1]',
      code: EXIT.usage,
      says: ['--file -', 'JSON object', 'as an object'],
    },
    {
      what: 'a failure file that is not there',
      words: ['recover', '--file', '/nowhere.json'],
      code: EXIT.usage,
      says: ['--file /nowhere.json', 'ENOENT', 'Check the path'],
    },
    {
      what: 'a field of a failure file that is not known',
      words: ['recover', '--file', '-'],
      input: '{"target": "a/b", "message": "x", "colour": 1}',
      code: EXIT.usage,
      says: ['colour', 'Correct the named fields'],
    },
    {
      what: 'a checkpoint that is not there',
      words: ['checkpoint', 'show', `cp_${'7'.repeat(26)}`],
      code: EXIT.notFound,
      says: ['checkpoint-not-found', `cp_${'7'.repeat(26)}`, 'rerail checkpoint list'],
    },
    {
      what: 'a restore of a checkpoint that is not there',
      words: ['restore', `cp_${'7'.repeat(26)}`, '--subject', 'workspace/nobody', '--yes'],
      code: EXIT.notFound,
      says: ['checkpoint-not-found', 'rerail checkpoint list'],
    },
    {
      what: 'a recovery that is not there',
      words: ['recovery', 'show', 'recovery/{target}'],
      code: EXIT.notFound,
      says: ['recovery-not-found', 'recovery/{target}', 'rerail recovery list'],
    },
    {
      what: 'an approval of a recovery that is not there',
      words: ['recovery', 'approve', '{target}', '--plan-hash', '12345678'],
      code: EXIT.notFound,
      says: ['recovery-not-found', 'rerail recovery list'],
    },
    {
      what: 'a cancellation without --yes',
      words: ['recovery', 'cancel', '{target}'],
      code: EXIT.approval,
      says: ['approval-refused', 'recovery/{target}', '--yes'],
    },
    {
      what: 'a denial without a reason',
      words: ['recovery', 'deny', '{target}', '--plan-hash', '12345678'],
      code: EXIT.usage,
      says: ['--reason is missing', 'Say why'],
    },
    {
      what: 'a limit that is no number',
      words: ['recovery', 'list', '--limit', 'many'],
      code: EXIT.usage,
      says: ['--limit many', 'whole number'],
    },
    {
      what: 'a limit of checkpoints that is no number',
      words: ['checkpoint', 'list', '--limit', '0'],
      code: EXIT.usage,
      says: ['--limit 0', 'whole number'],
    },
    {
      what: 'an age that is no duration',
      words: ['cleanup', '--older-than', 'long'],
      code: EXIT.usage,
      says: ['--older-than', '"long" is not a duration', '--older-than 7d'],
    },
    {
      what: 'an output that is not JSON',
      words: ['recovery', 'complete', '{target}', 'fix', '--output-json', '{'],
      code: EXIT.usage,
      says: ['--output-json is not JSON'],
    },
    {
      what: 'an option that is not known',
      words: ['plan', '--failure-typo', 'x'],
      code: EXIT.usage,
      says: ['--failure-typo', 'Did you mean --failure-type?'],
    },
    { what: 'a command that is not known', words: ['recoveri'], code: EXIT.usage, says: ['recoveri', 'Did you mean'] },
    {
      what: 'a namespace that is not there',
      words: ['recovery', 'list', '--namespace', 'nowhere'],
      code: EXIT.usage,
      says: ['no namespace "nowhere"', '--namespace'],
    },
  ];

  it.each(cases)('$what', async ({ what, words, code, says, pipeline: content, input }) => {
    const id = `${cases.findIndex((bad) => bad.what === what)}`;
    const target = `cli/bad-${id}-${cli.unique}`;
    const place = content === undefined ? '' : await file(`bad-${id}/bad.yaml`, content);
    const fill = (word: string): string =>
      word.replace('{target}', target).replace('{pipeline}', place).replace('{key}', `${cli.unique}-${id}`);
    const ended = await rerail(words.map(fill), input === undefined ? {} : { input });
    expect(ended.stderr.trim()).not.toBe('');
    for (const said of says)
      expect(ended.stderr).toEqual(
        typeof said === 'string' ? expect.stringContaining(fill(said)) : expect.stringMatching(said),
      );
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(await exists(recoveryId(target))).toBe(false);
    expect(await exists(`run/bad/${cli.unique}-${id}`)).toBe(false);
  });

  it('and so is a server that nobody runs', async () => {
    for (const words of [
      ['recovery', 'list'],
      ['recover', '--target', 'a/b', '--message', 'x'],
      ['checkpoint', 'list'],
      ['worker'],
    ]) {
      const ended = await rerail([...words, '--address', '127.0.0.1:1']);
      expect(ended).toMatchObject({ code: EXIT.unreachable, stdout: '' });
      expect(ended.stderr).toMatch(/server-unreachable.*127\.0\.0\.1:1[\s\S]*rerail up/);
    }
  });
});

describe('settings', () => {
  it('are shown with their sources', async () => {
    const rows = await json<{ name: string; value: unknown; source: string }[]>([
      'config',
      'show',
      '--data-dir',
      'here',
    ]);
    const of = (name: string) => rows.find((row) => row.name === name);
    expect(of('dataDir')).toEqual({ name: 'dataDir', value: path.join(cli.root, 'here'), source: '--data-dir' });
    expect(of('taskQueue')).toMatchObject({ value: `cli-${cli.unique}`, source: 'RERAIL_TASK_QUEUE' });
    expect(of('logLevel')).toMatchObject({ source: 'default' });
    expect(of('profile')).toEqual({ name: 'profile', value: null, source: 'not set' });
  });

  it('that are wrong are named with where they come from', async () => {
    const { code, stderr } = await rerail(['config', 'show'], { env: { RERAIL_LOG_LEVEL: 'loud' } });
    expect(code).toBe(EXIT.usage);
    expect(stderr).toMatch(/logLevel is "loud" \(RERAIL_LOG_LEVEL\)/);
  });
});
