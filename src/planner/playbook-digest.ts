import { canonicalJson } from '../domain/canonical-json.ts';
import type { LoadedPlaybook } from '../domain/playbook.ts';
import type { Sha256 } from './hash-plan.ts';

/** Equal for playbooks that do the same for the same failures: labels, descriptions, order and layout of the file are not in it. */
export const playbookDigest = ({ document }: Pick<LoadedPlaybook, 'document'>, sha256: Sha256): string =>
  sha256(canonicalJson(document.spec));
