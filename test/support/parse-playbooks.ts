import { checkPlaybook } from '../../src/config/check-definition.ts';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import type { LoadedPlaybook } from '../../src/domain/playbook.ts';

/** Playbooks of a user from YAML text. */
export function parsePlaybooks(text: string): LoadedPlaybook[] {
  return parseYaml(text, 'test.yaml', 'playbook-invalid').map((document) =>
    checkPlaybook(document, 'test.yaml', 'user'),
  );
}
