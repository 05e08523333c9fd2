import { describe, expect, it } from 'vitest';
import { markPlaybook, type DrillProof } from '../../../src/domain/drill-mark.ts';
import { sha256 } from '../../../src/process/digests.ts';
import { playbookDigest } from '../../../src/planner/playbook-digest.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';

const proof = (at: string, digest?: string, playbook = 'mend'): DrillProof => ({
  playbook,
  workflowId: `drill/d/${at}`,
  at,
  ...(digest === undefined ? {} : { digest }),
});

describe('the mark of a playbook', () => {
  it('is that of its newest drill with the playbook as it is now', () => {
    const proofs = [proof('2026-01-03', 'old'), proof('2026-01-01', 'now'), proof('2026-01-02', 'now')];
    expect(markPlaybook('mend', 'now', proofs)).toEqual({
      state: 'passed',
      at: '2026-01-02',
      workflowId: 'drill/d/2026-01-02',
    });
  });

  it('says where a playbook has changed, has never passed one, or nobody could be asked', () => {
    const proofs = [proof('2026-01-01', 'old'), proof('2026-01-02'), proof('2026-01-03', 'now', 'other')];
    expect(markPlaybook('mend', 'now', proofs)).toMatchObject({ state: 'changed', at: '2026-01-02' });
    expect(markPlaybook('never', 'now', proofs)).toMatchObject({ state: 'none', at: null });
    expect(markPlaybook('mend', 'now', undefined)).toMatchObject({ state: 'unknown' });
  });
});

describe('the digest of a playbook', () => {
  const text = (actions: string, metadata = '{name: mend}'): string =>
    `apiVersion: rerail/v1\nkind: Playbook\nmetadata: ${metadata}\nspec:\n  match: [{code: A}]\n  actions: ${actions}\n`;
  const digest = (yaml: string): string => {
    const [playbook] = parsePlaybooks(yaml);
    if (!playbook) throw new Error('no playbook');
    return playbookDigest(playbook, sha256);
  };

  it('is another where it does something else, and the same where only words about it differ', () => {
    const plain = digest(text('[{id: again, type: retry}]'));
    expect(digest(text('[{type: retry, id: again}]'))).toBe(plain);
    expect(digest(text('[{id: again, type: retry}]', '{name: mend, labels: {team: a}, description: x}'))).toBe(plain);
    expect(digest(text('[{id: again, type: retry, timeout: 5s}]'))).not.toBe(plain);
  });
});
