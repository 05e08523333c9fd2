import { AlertRulesSchema, type AlertRules } from '../domain/alert.schema.ts';
import { loadDefinition } from './load-definition.ts';

/** Reads what alerts mean. Throws `settings-invalid` with line, column and field of every problem. */
export const loadAlertRules = async (file: string): Promise<AlertRules> =>
  (await loadDefinition(file, AlertRulesSchema, 'docs/guide/alerts.md')).spec;
