import type { OperationId } from '../../../src/api/contract.ts';
import type { Me, Role } from './types.ts';

/** Which role each change asks for; a test holds it against the contract. */
export const ACCESS = {
  approveRecovery: 'approver',
  denyRecovery: 'approver',
  decideRecovery: 'operator',
  completeManualStep: 'operator',
  pauseRecovery: 'operator',
  resumeRecovery: 'operator',
  cancelRecovery: 'operator',
  killRecovery: 'admin',
  continueRecovery: 'operator',
  forkRecovery: 'operator',
  previewRollback: 'operator',
  applyRollback: 'admin',
  previewUndo: 'operator',
  undoRollback: 'admin',
  verifyCheckpoint: 'operator',
  openBreaker: 'admin',
  closeBreaker: 'operator',
  resetBreaker: 'operator',
  setAutomation: 'admin',
  setMaintenance: 'operator',
  resetMonitorTarget: 'operator',
  checkMonitor: 'operator',
  startBulk: 'operator',
  stopBulk: 'operator',
  drainHost: 'operator',
  undrainHost: 'operator',
} as const satisfies Partial<Record<OperationId, Role>>;

export type Change = keyof typeof ACCESS;

/** Why this person may not, or undefined. */
export function refusalOf(me: Pick<Me, 'roles'> | undefined, change: Change): string | undefined {
  const role = ACCESS[change];
  return me?.roles.includes(role) ? undefined : `needs the role ${role}`;
}
