export { createMemoryStore } from './store/memory-store.ts';
export type { CheckpointDraft, CheckpointStore, ContentSource } from './store/checkpoint-store.ts';
export type { Notice, Notifier } from './activities/notify.ts';
