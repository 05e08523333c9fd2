import { resolveTemplates, templatePaths } from './template.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Puts the inputs of a transaction in the place of their templates, before its fields are checked: a limit or an address
 * may be one of them. What leads nowhere is left for the check to name.
 */
export function fillInputs(draft: unknown): unknown {
  if (!isRecord(draft) || !Array.isArray(draft['operations'])) return draft;
  const inputs = isRecord(draft['inputs']) ? draft['inputs'] : {};
  const fill = (operation: unknown): unknown => {
    const scope = { inputs };
    const unknown = templatePaths(operation).filter((path) => {
      const [root, name] = path.split('.');
      return root === 'inputs' && !Object.hasOwn(inputs, name ?? '');
    });
    return unknown.length > 0 ? operation : resolveTemplates(operation, scope);
  };
  return { ...draft, operations: draft['operations'].map(fill) };
}
