import { loadAlertRules } from '../../config/load-alert-rules.ts';
import { createFileSource } from '../../config/load-definition.ts';
import type { AlertRules } from '../../domain/alert.ts';
import { RerailError } from '../../domain/errors.ts';

export interface AlertRulesSource {
  configured: boolean;
  /** As the file is now. Throws `settings-invalid`. */
  read: () => Promise<AlertRules>;
}

const missing = (): Promise<never> =>
  Promise.reject(
    new RerailError('settings-invalid', 'nobody has said what alerts mean: the setting alertRulesFile is missing', {
      remedy: 'Write the file; docs/guide/alerts.md has an example.',
      nonRetryable: true,
    }),
  );

export const alertRulesSource = (file: string | undefined): AlertRulesSource =>
  file === undefined
    ? { configured: false, read: missing }
    : { configured: true, read: createFileSource(file, loadAlertRules) };
