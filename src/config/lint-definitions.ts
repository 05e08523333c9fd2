import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ActionSpec } from '../domain/action.ts';
import { isRerailError } from '../domain/errors.ts';
import type { LoadedPlaybook, Playbook } from '../domain/playbook.ts';
import { templatePaths } from '../domain/template.ts';
import { checkAlertRules, checkComponent, checkNotifications, checkPlaybook, checkRules } from './check-definition.ts';
import { checkDrill } from './load-drills.ts';
import { checkMonitor } from './load-monitors.ts';
import { checkPipeline } from './load-pipeline.ts';
import { findDefinitionFiles, kindOf } from './load-playbooks.ts';
import { checkProvider } from './load-providers.ts';
import { checkTransaction } from './load-transaction.ts';
import { readYaml, type ParsedDocument } from './parse-yaml.ts';

/** One thing that is wrong with a definition, or that its author may not have meant. */
export interface LintFinding {
  file: string;
  line: number;
  column: number;
  level: 'error' | 'warning';
  /** What the finding is about, to look up or to filter by. */
  rule: string;
  message: string;
}

const PLACE = /^(.*):(\d+):(\d+)(?:: (.*))?$/s;

function finding(place: string, found: Pick<LintFinding, 'level' | 'rule' | 'message'>): LintFinding {
  const [, file = place, line = '1', column = '1'] = PLACE.exec(place) ?? [];
  return { file, line: Number(line), column: Number(column), ...found };
}

/** The problems that a check has thrown, one for each of its lines. */
function problemsOf(error: unknown, file: string): LintFinding[] {
  if (!isRerailError(error)) throw error;
  return error.message.split('\n').map((line) => {
    const [, name = file, row = '1', column = '1', message = line] = PLACE.exec(line) ?? [];
    return finding(`${name}:${row}:${column}`, { level: 'error', rule: error.code, message });
  });
}

/** Outputs that are read before they are there, and names that no template knows. */
function templateFindings(actions: readonly ActionSpec[], document: ParsedDocument): LintFinding[] {
  return actions.flatMap((action, index) => {
    const before = new Set(actions.slice(0, index).map(({ id }) => id));
    const place = document.locate(['spec', 'actions', index]);
    // Its undo runs when it is over.
    const { compensate, ...rest } = action;
    const wrong = (part: unknown, known: ReadonlySet<string>) =>
      templatePaths(part).flatMap((name) => {
        const [root, id = ''] = name.split('.');
        if (root === 'failure' || root === 'inputs') return [];
        if (root === 'actions' && known.has(id)) return [];
        const message =
          root === 'actions'
            ? `{{ ${name} }} reads "${id}", which is no action before "${action.id}"`
            : `{{ ${name} }} reads "${root}"; templates know failure, inputs and actions.<id>.output`;
        return [finding(place, { level: 'error', rule: 'template', message })];
      });
    return [...wrong(rest, before), ...wrong(compensate, new Set([...before, action.id]))];
  });
}

/** Whether what an action does stays, when a later one fails. */
type Stays = (action: ActionSpec) => boolean;

/** What is right by the schema and yet leaves somebody alone at night. */
function adviceOn({ spec }: Playbook, document: ParsedDocument, stays: Stays): LintFinding[] {
  const { actions } = spec;
  const advice = (at: readonly PropertyKey[], rule: string, message: string): LintFinding =>
    finding(document.locate(at), { level: 'warning', rule, message });
  const proves = spec.verify !== undefined || actions.some(({ type }) => type === 'retry' || type === 'resume');
  return [
    ...(proves
      ? []
      : [
          advice(
            ['spec'],
            'unproven',
            'nothing proves that it helped: give spec.verify with a probe, or an action retry',
          ),
        ]),
    ...(actions.some(({ type }) => type === 'escalate' || type === 'abort' || type === 'manual')
      ? []
      : [
          advice(
            ['spec', 'actions'],
            'nobody-told',
            'when it does not help nobody is called: end with an action escalate',
          ),
        ]),
    ...actions.flatMap((action, index) =>
      action.optional !== true && stays(action)
        ? [
            advice(
              ['spec', 'actions', index],
              'no-undo',
              `"${action.id}" has no compensate and no undo of its own: what it does stays when a later action fails`,
            ),
          ]
        : [],
    ),
  ];
}

/** All kinds but playbooks, which are looked at more closely. */
const CHECKS: Readonly<Record<string, (document: ParsedDocument, file: string) => unknown>> = {
  AlertRules: checkAlertRules,
  ClassificationRules: checkRules,
  Component: checkComponent,
  Drill: checkDrill,
  Monitor: checkMonitor,
  Notifications: checkNotifications,
  Pipeline: checkPipeline,
  Provider: checkProvider,
  Transaction: checkTransaction,
};

type Checked = Pick<LoadedPlaybook, 'name' | 'document'>;

function lintDocument(
  document: ParsedDocument,
  file: string,
  stays: Stays,
): { findings: LintFinding[]; checked?: Checked } {
  try {
    const kind = kindOf(document.value);
    const check = typeof kind === 'string' && Object.hasOwn(CHECKS, kind) ? CHECKS[kind] : undefined;
    if (check) check(document, file);
    else {
      const { name } = checkPlaybook(document, file, 'user');
      const playbook = document.value as Playbook;
      return {
        checked: { name, document: playbook },
        findings: [...templateFindings(playbook.spec.actions, document), ...adviceOn(playbook, document, stays)],
      };
    }
    return { findings: [] };
  } catch (error) {
    return { findings: problemsOf(error, file) };
  }
}

export interface LintResult {
  files: number;
  playbooks: number;
  findings: LintFinding[];
  /** The playbooks that are right by the schema. */
  checked: Checked[];
}

/**
 * Checks definition files and all below directories, and goes on after a problem. Throws `playbook-invalid` where a path
 * leads nowhere.
 */
export async function lintDefinitions(paths: readonly string[], stays: Stays): Promise<LintResult> {
  const files: string[] = [];
  for (const given of paths.map((name) => path.resolve(name))) {
    const there = await stat(given).catch(() => undefined);
    files.push(...(there?.isFile() ? [given] : await findDefinitionFiles(given)));
  }
  const findings: LintFinding[] = [];
  const checked: Checked[] = [];
  const named = new Map<string, string>();
  for (const file of files) {
    const documents = await readYaml(file, 'playbook-invalid').catch((error: unknown) => {
      findings.push(...problemsOf(error, file));
      return [];
    });
    for (const document of documents.filter(({ value }) => value !== null)) {
      const { findings: found, checked: playbook } = lintDocument(document, file, stays);
      findings.push(...found);
      if (!playbook) continue;
      const { name } = playbook;
      checked.push(playbook);
      const place = document.locate(['metadata', 'name']);
      const other = named.get(name);
      if (other !== undefined) {
        const message = `the name "${name}" is also used at ${other}`;
        findings.push(finding(place, { level: 'error', rule: 'name-taken', message }));
      }
      named.set(name, place);
    }
  }
  return { files: files.length, playbooks: named.size, findings, checked };
}
