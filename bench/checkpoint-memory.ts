// Captures one tree in a process of its own, so that its memory is that of the capture and of nothing before it.
import { createInterface } from 'node:readline';
import { newId } from '../src/domain/ids.ts';
import { openBenchStore } from './checkpoint-store.ts';

const [directory = '', root = ''] = process.argv.slice(2);
const { captureCheckpoint, infoOf } = await openBenchStore(directory);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
process.stdout.write('idle\n');
await lines.next();
await captureCheckpoint({ info: infoOf(newId('cp')), root });
process.stdout.write('captured\n');
process.exit(0);
