import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { useCli } from '../support/cli.ts';

const { rerail, json, file } = useCli();
const noServer = { env: { RERAIL_ADDRESS: '127.0.0.1:1' } };

describe('playbooks on the command line, which need no server', () => {
  it('are listed with source, family, matches, mode and confidence, the user’s own first', async () => {
    const listed = await json<{ name: string; source: string; family: string; matches: string[]; mode: string }[]>([
      'playbook',
      'list',
    ]);
    expect(listed[0]).toMatchObject({
      name: 'give-up',
      source: 'user',
      family: 'test',
      matches: ['code=NEVER-MATCHED'],
    });
    expect(listed.find(({ name }) => name === 'service-cache')).toMatchObject({
      source: 'builtin',
      family: 'services',
      mode: 'auto',
      confidence: 0.7,
      matches: ['failureType=cache stated', 'failureType=cache component=*', 'failureType=cache target=service/*'],
    });
  });

  it('are shown as YAML and with what holds where they say nothing', async () => {
    const { code, stdout } = await rerail(['playbook', 'show', 'service-database'], noServer);
    expect(code).toBe(EXIT.done);
    expect(stdout).toContain('name: service-database');
    expect(stdout).toMatch(/1 +reset-pool +run +procedure reset-pool +30s +required/);
    const unknown = await rerail(['playbook', 'show', 'nope'], noServer);
    expect(unknown.code).toBe(EXIT.usage);
    expect(unknown.stderr).toContain('service-database');
  });

  it('explain their choice: rule, component, and every playbook that was not taken', async () => {
    const folder = await file(
      'definitions/part.yaml',
      'apiVersion: rerail/v1\nkind: Component\nmetadata: {name: part}\n',
    );
    const { stdout } = await rerail(
      [
        'plan',
        '--explain',
        '--failure-type',
        'link',
        '--component',
        'part',
        '--playbooks',
        folder.replace(/\/[^/]*$/, ''),
      ],
      noServer,
    );
    expect(stdout).toContain('component part');
    expect(stdout).toMatch(/fingerprint [0-9a-f]{64}/);
    expect(stdout).toMatch(/✔ +component-link-cascade +component +matches failureType link and stated/);
    expect(stdout).toMatch(/· +category-logic +category +fits as well; component-link-cascade is for a component/);
  });

  it('name line and column of a mistake in a component or a rule', async () => {
    const bad = await file(
      'bad/rules.yaml',
      'apiVersion: rerail/v1\nkind: ClassificationRules\nmetadata: {name: x}\nspec: {rules: [{name: r, message: "(", then: {}}]}\n',
    );
    const { code, stderr } = await rerail(['playbook', 'list', '--playbooks', bad.replace(/\/[^/]*$/, '')], noServer);
    expect(code).toBe(EXIT.invalid);
    expect(stderr).toContain('definition-invalid');
    expect(stderr).toMatch(/rules\.yaml:4:35: spec\.rules\.0\.message: is no valid regular expression/);
  });
});
