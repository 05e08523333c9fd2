// A worker reduced to one activity, to be killed in the middle of it: node command-worker.mjs FOLDER KEY OPERATION
import { runCommand } from '../../dist/activities/commands/run-command.js';

const [folder, key, operation] = process.argv.slice(2);
await runCommand(
  { operation: JSON.parse(operation), key },
  { folder, heartbeat: () => undefined, interruption: () => undefined },
);
