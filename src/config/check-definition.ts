import type { z } from 'zod';
import { AlertRulesSchema } from '../domain/alert.schema.ts';
import { ClassificationRulesSchema, type ClassificationRuleSpec } from '../domain/classification-rules.schema.ts';
import type { ClassificationRule } from '../domain/classification-rule.ts';
import { ComponentSchema, type ComponentDefinition } from '../domain/component.schema.ts';
import type { LoadedComponent } from '../domain/component.ts';
import { RerailError, type ErrorCode } from '../domain/errors.ts';
import { NotificationsSchema } from '../domain/notification.schema.ts';
import { PlaybookSchema } from '../domain/playbook.schema.ts';
import type { LoadedPlaybook, Playbook } from '../domain/playbook.ts';
import { isTemplate } from '../domain/template.ts';
import { wildcardPattern } from '../domain/wildcard.ts';
import { explainIssues, type ParsedDocument } from './parse-yaml.ts';

/** A template stands where a value of the right type will stand once a failure is known. */
function isDeferred(issue: z.core.$ZodIssue, document: unknown): boolean {
  let value: unknown = document;
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return isTemplate(value);
}

function refuse(problems: string, code: ErrorCode, remedy: string): never {
  throw new RerailError(code, problems, { remedy, nonRetryable: true });
}

/** The document with its defaults, or as it stands where templates keep it from being checked in full. */
function check<Schema extends z.ZodType>(
  schema: Schema,
  document: ParsedDocument,
  code: ErrorCode,
  page: string,
): z.output<Schema> {
  const parsed = schema.safeParse(document.value);
  const issues = parsed.success ? [] : parsed.error.issues.filter((issue) => !isDeferred(issue, document.value));
  if (issues.length > 0) {
    refuse(explainIssues(issues, document), code, `Correct the named fields; docs/${page} describes them all.`);
  }
  return parsed.success ? parsed.data : (document.value as z.output<Schema>);
}

/** Checks one playbook. Throws `playbook-invalid` with line, column and field of every problem. */
export function checkPlaybook(
  document: ParsedDocument,
  file: string,
  source: LoadedPlaybook['source'],
): LoadedPlaybook {
  const raw = check(PlaybookSchema, document, 'playbook-invalid', 'reference/playbook.schema.json');
  return {
    name: raw.metadata.name,
    source,
    file,
    match: raw.spec.match,
    ...(raw.metadata.description ? { description: raw.metadata.description } : {}),
    document: document.value as Playbook,
  };
}

/** Checks one component. Throws `definition-invalid` with line, column and field of every problem. */
export function checkComponent(document: ParsedDocument, file: string): LoadedComponent {
  const raw = check(ComponentSchema, document, 'definition-invalid', 'reference/component.schema.json');
  const spec = (raw as Partial<ComponentDefinition>).spec;
  return {
    name: raw.metadata.name,
    file,
    spec: { ...spec, dependsOn: spec?.dependsOn ?? [], probes: spec?.probes ?? [], procedures: spec?.procedures ?? {} },
  };
}

function toRule(given: ClassificationRuleSpec): ClassificationRule {
  const { name, code, message, errorName, exitCode, signal, httpStatus, then } = given;
  return {
    name,
    source: 'user',
    ...(code === undefined ? {} : { code: wildcardPattern(code) }),
    ...(message === undefined ? {} : { message: new RegExp(message, 'im') }),
    ...(errorName === undefined ? {} : { errorName: wildcardPattern(errorName) }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...(httpStatus === undefined
      ? {}
      : { httpStatus: typeof httpStatus === 'number' ? [httpStatus, httpStatus] : httpStatus }),
    then,
  };
}

/** Checks a document of rules. Throws `definition-invalid` with line, column and field of every problem. */
export function checkRules(document: ParsedDocument): ClassificationRule[] {
  const parsed = ClassificationRulesSchema.safeParse(document.value);
  if (parsed.success) return parsed.data.spec.rules.map(toRule);
  return refuse(
    explainIssues(parsed.error.issues, document),
    'definition-invalid',
    'Correct the named fields; docs/reference/classification-rules.schema.json describes them all.',
  );
}

/** Throws `definition-invalid` with line, column and field of every problem. */
export const checkNotifications = (document: ParsedDocument): unknown =>
  check(NotificationsSchema, document, 'definition-invalid', 'reference/notifications.schema.json');

/** Throws `definition-invalid` with line, column and field of every problem. */
export const checkAlertRules = (document: ParsedDocument): unknown =>
  check(AlertRulesSchema, document, 'definition-invalid', 'reference/alert-rules.schema.json');

export interface PlacedComponent {
  component: LoadedComponent;
  document: ParsedDocument;
}

/** The names on a cycle, the first one again at the end. */
function findCycle(components: ReadonlyMap<string, LoadedComponent>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of components.get(name)?.spec.dependsOn ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of components.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** What only all of them together show: names used twice, dependencies that are not there, cycles. */
export function checkGraph(placed: readonly PlacedComponent[]): LoadedComponent[] {
  const byName = new Map<string, LoadedComponent>();
  for (const { component, document } of placed) {
    const other = byName.get(component.name);
    if (other) {
      const where = document.locate(['metadata', 'name']);
      refuse(
        `${where}: metadata.name: the component name "${component.name}" is also used in ${other.file}`,
        'definition-invalid',
        'Give one of them another name.',
      );
    }
    byName.set(component.name, component);
  }
  for (const { component, document } of placed) {
    const index = component.spec.dependsOn.findIndex((name) => !byName.has(name));
    if (index >= 0) {
      refuse(
        `${document.locate(['spec', 'dependsOn', index])}: spec.dependsOn.${index}: there is no component "${component.spec.dependsOn[index]}"`,
        'definition-invalid',
        `Define it with kind: Component, or take it out. There are: ${[...byName.keys()].sort().join(', ')}.`,
      );
    }
  }
  const cycle = findCycle(byName);
  if (cycle) {
    const first = placed.find(({ component }) => component.name === cycle[0])?.document;
    refuse(
      `${first?.locate(['spec', 'dependsOn']) ?? ''}: spec.dependsOn: components depend on each other in a circle: ${cycle.join(' -> ')}`,
      'definition-invalid',
      'Take one of these dependencies out.',
    );
  }
  return [...byName.values()];
}
