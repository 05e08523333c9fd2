import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection } from '@temporalio/worker';
import { expect, inject, it } from 'vitest';
import { createRerailPlugin } from '../../src/plugin.ts';

const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/existing-workflows/${name}`, import.meta.url));

it('puts the interceptors of a user into the bundle of the user’s workflows', async () => {
  const connection = await NativeConnection.connect({ address: inject('serverAddress') });
  try {
    const plugin = createRerailPlugin({
      settings: { dataDir: tmpdir(), host: 'here', taskQueue: 'rerail', playbooksDir: [] },
      connection,
      notifier: { notify: () => Promise.resolve() },
      workflowInterceptors: [example('interceptor.ts')],
    });
    const logger = new DefaultLogger('ERROR');
    const { code } = await bundleWorkflowCode({ workflowsPath: example('workflows.ts'), plugins: [plugin], logger });
    expect(code).toContain('rerail-recover-');
    expect(code).toContain('shipping/van');
    expect(code).toMatch(/interceptor\.ts/);
  } finally {
    await connection.close();
  }
});
