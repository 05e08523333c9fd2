export { recovery } from './recovery.ts';
export { protectedRun } from './protected-run.ts';
export { checkpointLedger } from './checkpoint-ledger.ts';
