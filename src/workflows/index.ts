export { recovery } from './recovery.ts';
export { storeCare } from './store-care.ts';
export { protectedRun } from './protected-run.ts';
export { checkpointLedger } from './checkpoint-ledger.ts';
