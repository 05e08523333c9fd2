import type { BrakeReadings, BreakGlass } from '../domain/brakes.ts';
import { formatMs, toMs } from '../domain/duration.ts';
import type { Brake, Plan } from '../domain/plan.ts';
import { hashPlan, type Sha256 } from './hash-plan.ts';

export interface BrakeLimits {
  /** Recoveries that may be open at the same time before automatic ones wait for a person. */
  maxConcurrent: number;
}

export const HOUR_MS = 3_600_000;
const DEFAULT_APPROVAL: NonNullable<Plan['approval']> = {
  roles: [],
  required: 1,
  timeout: '30m',
  onTimeout: 'escalate',
};

/** Waiting, asking and calling touch nothing: no brake holds them. */
export const actsByItself = ({ mode, requiresApproval, actions }: Plan): boolean =>
  mode === 'auto' && !requiresApproval && actions.some(({ type }) => !['wait', 'manual', 'escalate'].includes(type));

const isFix = ({ status }: { status: string }): boolean => status === 'recovered' || status === 'partial';

/** Which brakes hold this plan (design 4): each says what it has counted and against which limit. */
export function findBrakes(plan: Plan, readings: BrakeReadings, { maxConcurrent }: BrakeLimits): Brake[] {
  const { perHour, flapWindow, maxTargets } = plan.limits;
  const { now, killSwitch, ofTarget, open = 0, targetsOfPlaybook, unknown } = readings;
  const brakes: Brake[] = [];
  if (killSwitch) {
    brakes.push({ brake: 'kill-switch', message: `automation is off: ${killSwitch.by}: ${killSwitch.reason}` });
  }
  const lastHour = ofTarget.filter(({ startedAt }) => now.getTime() - startedAt.getTime() < HOUR_MS).length;
  if (perHour !== undefined && lastHour >= perHour) {
    const message = `${lastHour} recoveries of ${plan.target} within the hour, the limit is ${perHour}`;
    brakes.push({ brake: 'per-hour', message, count: lastHour });
  }
  if (flapWindow !== undefined) {
    const windowMs = toMs(flapWindow);
    const fixes = ofTarget.filter(
      (past) =>
        isFix(past) &&
        past.failureType === plan.failureType &&
        past.closedAt !== undefined &&
        now.getTime() - past.closedAt.getTime() < windowMs,
    );
    const last = fixes[0];
    if (last?.closedAt) {
      const ago = formatMs(now.getTime() - last.closedAt.getTime());
      const message = `masking: ${plan.failureType} is back ${ago} after it was recovered (${fixes.length} times within ${flapWindow})`;
      brakes.push({ brake: 'masking', message, count: fixes.length });
    }
  }
  if (open >= maxConcurrent) {
    const message = `${open} recoveries are open, the limit is ${maxConcurrent}`;
    brakes.push({ brake: 'concurrency', message, count: open });
  }
  if (maxTargets !== undefined && targetsOfPlaybook >= maxTargets) {
    const message = `${plan.playbook.name} has treated ${targetsOfPlaybook} other targets within the hour, the limit is ${maxTargets}`;
    brakes.push({ brake: 'blast-radius', message, count: targetsOfPlaybook });
  }
  if (unknown !== undefined) brakes.push({ brake: 'unknown', message: `the past could not be read: ${unknown}` });
  return brakes;
}

/** The plan as it may go on: a brake withdraws automatic mode, breaking the glass lets it through and is written down. */
export function applyBrakes(plan: Plan, brakes: Brake[], glass: BreakGlass | undefined, sha256: Sha256): Plan {
  if (brakes.length === 0) return plan;
  const { hash: _hash, ...rest } = plan;
  const held: Omit<Plan, 'hash'> = glass
    ? { ...rest, brakes, brakesOverridden: glass }
    : {
        ...rest,
        brakes,
        mode: 'propose',
        requiresApproval: true,
        approval: plan.approval ?? DEFAULT_APPROVAL,
        reasons: [...plan.reasons, ...brakes.map(({ message }) => `a person decides, since ${message}`)],
      };
  return { ...held, hash: hashPlan(held, sha256) };
}
