export { recovery } from '../src/workflows/recovery.ts';
export { threeLocalNoOps, threeNoOps } from './bare-workflows.ts';
