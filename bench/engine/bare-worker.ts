// A worker process as anybody would write it, with the options of ours: argv is server, task queue and workflow bundle.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = '', taskQueue = '', codePath = ''] = process.argv.slice(2);

Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowBundle: { codePath },
  activities: { noop: (input?: unknown) => Promise.resolve(input ?? null) },
  shutdownGraceTime: '10s',
});
// It ends with the bench, however that one ends.
process.once('disconnect', () => process.exit());
const running = worker.run();
process.send?.('ready');
await running;
