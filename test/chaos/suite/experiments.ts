import { CLOCK_EXPERIMENT } from './clock.ts';
import { DISK_EXPERIMENTS } from './disk-full.ts';
import type { Experiment } from './experiment.ts';
import { KILL_EXPERIMENTS } from './kills.ts';
import { NETWORK_EXPERIMENT } from './network.ts';
import { POISON_EXPERIMENT } from './poison.ts';

const ALL = [...KILL_EXPERIMENTS, NETWORK_EXPERIMENT, ...DISK_EXPERIMENTS, CLOCK_EXPERIMENT, POISON_EXPERIMENT];

/** From what takes seconds to what takes long. */
export const EXPERIMENTS: readonly Experiment[] = ALL.toSorted((a, b) => a.minutes[0] - b.minutes[0]);
