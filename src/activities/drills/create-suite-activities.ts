import { findDrills } from '../../config/load-drills.ts';
import {
  findRegressions,
  rememberDrills,
  type DrillRegression,
  type PastDrill,
  type SuiteDrill,
} from '../../domain/drill-suite.ts';
import type { DrillInput } from '../../domain/drill.ts';
import { channelsFor, type Occurrence } from '../../domain/notification.ts';
import { drillSuiteId } from '../../domain/wire-names.ts';
import type { NotificationDeps } from '../notifications/notification-deps.ts';
import { asActivity } from '../support/as-activity.ts';

export interface JudgeInput {
  workflowId: string;
  host: string;
  drills: SuiteDrill[];
  /** What the schedule has handed over; empty at the first time, or when it was told too late how the last suite ended. */
  past: Record<string, PastDrill>;
}

export interface TellInput {
  workflowId: string;
  host: string;
  regressions: DrillRegression[];
  at: string;
}

const LONGEST_DETAIL = 2000;

/** The built-in drills as they are now. Names that are none are given back. */
async function findSuiteDrills({ names }: { names?: string[] }): Promise<{
  drills: Pick<DrillInput, 'name' | 'spec'>[];
  unknown: string[];
}> {
  const builtin = await findDrills();
  const wanted = names ?? builtin.map(({ metadata }) => metadata.name);
  const of = (name: string) => builtin.filter(({ metadata }) => metadata.name === name);
  return {
    drills: wanted.flatMap(of).map(({ metadata, spec }) => ({ name: metadata.name, spec })),
    unknown: wanted.filter((name) => of(name).length === 0),
  };
}

/** One message for each suite and channel, however often it is asked for; channels that it has gone to. */
async function tellOfRegressions(
  { workflowId, host, regressions, at }: TellInput,
  { rules, send }: Pick<NotificationDeps, 'rules' | 'send'>,
): Promise<{ told: number }> {
  if (!rules) return { told: 0 };
  const lines = regressions.map(({ name, message }) => `${name}: ${message}`);
  const occurrence: Occurrence = {
    event: 'drill.regression',
    key: workflowId,
    at,
    workflowId,
    target: drillSuiteId(host),
    detail: lines.join('\n').slice(0, LONGEST_DETAIL),
  };
  const channels = channelsFor(await rules(), occurrence);
  await Promise.all(channels.map(({ name }) => send(occurrence, name)));
  return { told: channels.length };
}

export interface SuiteDeps extends Pick<NotificationDeps, 'rules' | 'send'> {
  lastPast: (host: string, workflowId: string) => Promise<Record<string, PastDrill>>;
}

/** What a suite of drills needs of any worker. */
export const createSuiteActivities = (deps: SuiteDeps) => ({
  findSuiteDrills: asActivity(findSuiteDrills),
  judgeDrillSuite: asActivity(async ({ workflowId, host, drills, past: given }: JudgeInput) => {
    const past = Object.keys(given).length > 0 ? given : await deps.lastPast(host, workflowId);
    return { regressions: findRegressions(drills, past), past: rememberDrills(drills, past) };
  }),
  tellOfRegressions: asActivity((input: TellInput) => tellOfRegressions(input, deps)),
});
