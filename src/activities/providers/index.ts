export { createJsonProvider } from './json-state.ts';
export type { JsonProviderOptions } from './json-state.ts';
export { createPostgresProvider } from './postgres.ts';
export type { PostgresProviderOptions } from './postgres.ts';
export { createProviderRegistry } from './provider.ts';
export type {
  CapturedState,
  CheckpointProvider,
  PlannedChange,
  ProviderCapture,
  ProviderKind,
  ProviderRegistry,
} from './provider.ts';
export { createTmuxProvider } from './tmux.ts';
export type { TmuxProviderOptions } from './tmux.ts';
export { createRedisProvider } from './redis.ts';
export type { RedisProviderOptions } from './redis.ts';
