export type { Pipeline, PipelineStep } from './pipeline.schema.ts';
