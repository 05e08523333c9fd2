import type { ClassificationRule } from '../../domain/classification-rule.ts';

/** What git prints. */
export const GIT_RULES: readonly ClassificationRule[] = [
  {
    name: 'git may not sign in',
    message: /permission denied \(publickey|fatal: authentication failed|fatal: could not read (username|password)/i,
    then: { category: 'SECURITY', type: 'unknown', severity: 'HIGH' },
  },
  {
    name: 'git does not trust the owner of the repository',
    message: /dubious ownership/,
    then: { category: 'VALIDATION', type: 'git', severity: 'MEDIUM' },
  },
  {
    name: 'git lacks an object or has a damaged one',
    message:
      /\b(missing (blob|tree|commit)|unable to read (tree|sha1 file)|(loose )?object \S+ (\(stored in \S+\) )?is (corrupt|empty)|bad object|inflate: data stream error|did not send all necessary objects|object file \S+ is empty|not a valid object name)/,
    then: { category: 'LOGIC', type: 'git', severity: 'HIGH' },
  },
  {
    name: 'git said so',
    message:
      /\bfatal: (not a git repository|unable to|bad object|could not|couldn't|refusing to merge|remote error|ambiguous argument)|index\.lock|CONFLICT \(|non-fast-forward|detached HEAD|not currently on a branch|ref HEAD is not a symbolic ref|HEAD detached at|\berror: (failed to push some refs|pathspec |your local changes)|unmerged (paths|files)/i,
    then: { category: 'LOGIC', type: 'git', severity: 'MEDIUM' },
  },
];
