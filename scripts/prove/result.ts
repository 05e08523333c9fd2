import { z } from 'zod';

/** What one command has measured, and where and when; kept in docs/results. */
export const ResultSchema = z.object({
  schemaVersion: z.literal(1),
  part: z.string(),
  command: z.string(),
  at: z.string(),
  commit: z.string(),
  /** There were changes that the commit does not have. */
  changed: z.boolean(),
  machine: z.object({
    os: z.string(),
    cores: z.number().int(),
    memoryGiB: z.number(),
    loadBefore: z.number(),
  }),
  versions: z.record(z.string(), z.string()),
  seconds: z.number(),
  exitCode: z.number().int(),
  /** What it printed as JSON; absent where it printed none. */
  output: z.unknown(),
  /** The end of what it said besides, where it failed. */
  said: z.string().optional(),
});

export type Result = z.infer<typeof ResultSchema>;
