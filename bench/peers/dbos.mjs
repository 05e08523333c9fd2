// Three durable no-op steps with DBOS, in the process that asks for them; its state is in the PostgreSQL of argv[2].
import { randomUUID } from 'node:crypto';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { answer } from './answer.mjs';

const noop = () => Promise.resolve(null);

const threeNoOps = DBOS.registerWorkflow(
  async () => {
    await DBOS.runStep(noop, { name: 'one' });
    await DBOS.runStep(noop, { name: 'two' });
    await DBOS.runStep(noop, { name: 'three' });
  },
  { name: 'threeNoOps' },
);

DBOS.setConfig({ name: 'bench', systemDatabaseUrl: process.argv[2], logLevel: 'error' });
await DBOS.launch();

answer(
  async () => {
    const handle = await DBOS.startWorkflow(threeNoOps, { workflowID: randomUUID() })();
    await handle.getResult();
  },
  () => DBOS.shutdown(),
);
