import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { installCli } from './installed-cli.ts';

interface Step {
  name: string;
  id?: string;
  if?: string;
  run: string;
  env?: Record<string, string>;
}

interface Action {
  inputs: Record<string, { default?: string }>;
  outputs: Record<string, { value: string }>;
  runs: { steps: Step[] };
}

export interface RanStep {
  name: string;
  code: number | null;
  said: string;
}

export interface ActionOptions {
  /** Of the action's definition. */
  file: string;
  inputs: Record<string, string>;
  cwd: string;
  /** Where the service keeps its files for the steps (`RUNNER_TEMP`). */
  temp: string;
  run: ReturnType<typeof installCli>;
  env?: NodeJS.ProcessEnv;
  /** Called when a step has ended, before the next one. */
  after?: (step: string) => Promise<void>;
}

type Outcomes = Record<string, { outcome: string; outputs: Record<string, string> }>;

/** As far as the action goes: `failure()`, and how a step came out, joined by `&&`. */
function holds(condition: string, failed: boolean, steps: Outcomes): boolean {
  return condition.split('&&').every((part) => {
    const [, id = '', wanted] = /^steps\.(\w+)\.outcome == '(\w+)'$/.exec(part.trim()) ?? [];
    if (wanted !== undefined) return steps[id]?.outcome === wanted;
    if (part.trim() === 'failure()') return failed;
    throw new Error(`a condition that is not known here: ${condition}`);
  });
}

const readPairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** The steps of a composite action, one after the other, as the service runs them. */
export async function runAction({ file, inputs: given, cwd, temp, run, env = {}, after }: ActionOptions) {
  const { inputs, outputs, runs } = parse(await readFile(file, 'utf8')) as Action;
  const steps: Outcomes = {};
  const ran: RanStep[] = [];
  const outputFile = path.join(temp, 'output');
  const summaryFile = path.join(temp, 'summary');
  const fill = (text: string): string =>
    text.replaceAll(/\$\{\{ ([^}]+) \}\}/g, (_, expression: string) => {
      const [, input] = /^inputs\.([\w-]+)$/.exec(expression) ?? [];
      if (input !== undefined) return given[input] ?? inputs[input]?.default ?? '';
      const [, id = '', name = ''] = /^steps\.(\w+)\.outputs\.([\w-]+)$/.exec(expression) ?? [];
      if (id) return steps[id]?.outputs[name] ?? '';
      throw new Error(`an expression that is not known here: ${expression}`);
    });
  let summary = '';
  for (const { name, id, if: condition, run: script, env: own = {} } of runs.steps) {
    const failed = ran.some(({ code }) => code !== 0);
    const begins = condition === undefined ? !failed : holds(condition, failed, steps);
    if (!begins) continue;
    await Promise.all([outputFile, summaryFile].map((one) => rm(one, { force: true })));
    const ended = await run(['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', script], cwd, {
      ...env,
      ...Object.fromEntries(Object.entries(own).map(([key, text]) => [key, fill(text)])),
      RUNNER_TEMP: temp,
      GITHUB_OUTPUT: outputFile,
      GITHUB_STEP_SUMMARY: summaryFile,
    });
    const read = (one: string): Promise<string> => readFile(one, 'utf8').catch(() => '');
    if (id)
      steps[id] = { outcome: ended.code === 0 ? 'success' : 'failure', outputs: readPairs(await read(outputFile)) };
    summary += await read(summaryFile);
    ran.push({ name, code: ended.code, said: ended.stdout + ended.stderr });
    await after?.(name);
  }
  const results = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, fill(value)]));
  return { ran, outputs: results, summary };
}
