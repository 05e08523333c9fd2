import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { useCli } from '../support/cli.ts';

const cli = useCli();
const { rerail, json, file } = cli;
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

  it('are begun by a file and the schema beside it, never over one that is there', async () => {
    const folder = path.join(cli.root, 'begun');
    const init = (...words: string[]) =>
      rerail(['playbook', 'init', 'restart-api', '--dir', folder, ...words], noServer);
    const dry = await init('--failure-type', 'api_failure', '--lane', 'docs', '--dry-run');
    expect(dry.stdout).toContain('match: [{ failureType: api_failure, lane: docs }]');
    await expect(readdir(folder)).rejects.toThrow('ENOENT');

    const made = await init('--failure-type', 'api_failure', '--lane', 'docs');
    expect(made).toMatchObject({ code: EXIT.done });
    expect(made.stdout).toContain(`Wrote ${path.join(folder, 'restart-api.yaml')}.`);
    expect((await readdir(folder)).sort()).toEqual(['playbook.schema.json', 'restart-api.yaml']);
    const text = await readFile(path.join(folder, 'restart-api.yaml'), 'utf8');
    expect(text).toBe(dry.stdout.slice(0, text.length));
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./playbook.schema.json');
    const schema = await readFile(path.join(folder, 'playbook.schema.json'), 'utf8');
    expect(schema).toBe(await readFile(new URL('../../docs/reference/playbook.schema.json', import.meta.url), 'utf8'));
    expect((await rerail(['playbook', 'lint', folder], noServer)).code).toBe(EXIT.done);

    await writeFile(path.join(folder, 'restart-api.yaml'), `${text}# mine\n`);
    const again = await init();
    expect(again).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(again.stderr).toMatch(/restart-api\.yaml is there already[\s\S]*nothing is written over/);
    expect(await readFile(path.join(folder, 'restart-api.yaml'), 'utf8')).toBe(`${text}# mine\n`);
    expect((await rerail(['playbook', 'init', 'No Name', '--dir', folder], noServer)).code).toBe(EXIT.usage);
  });
});
