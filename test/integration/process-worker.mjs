// A worker in the middle of a restart, to be killed. Reads {folder, process} from the file that is named.
import { readFileSync } from 'node:fs';
import { createProcessActivities } from '../../dist/activities/processes/create-process-activities.js';
import { runProbe } from '../../dist/activities/probes/run-probe.js';

const { folder, process: definition } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const keys = () => ({ execution: 'recovery/process/web/1', step: 'the killed try' });
await createProcessActivities({ folder, runProbe, keys, signal: () => undefined }).restartProcess({
  process: definition,
});
