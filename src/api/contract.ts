import { BREAKERS } from './contract/breakers.ts';
import { CHECKPOINTS, ROLLBACKS } from './contract/checkpoints.ts';
import { DRILLS } from './contract/drills.ts';
import { HOSTS } from './contract/hosts.ts';
import { INSIGHT } from './contract/insight.ts';
import { MONITORS } from './contract/monitors.ts';
import { PLAYBOOKS } from './contract/playbooks.ts';
import { RECOVERIES } from './contract/recoveries.ts';
import { RECOVERY_MESSAGES } from './contract/recovery-messages.ts';
import { REPORTS } from './contract/reports.ts';
import { RUNS } from './contract/runs.ts';
import { SERVICE_STATES } from './contract/service-states.ts';
import { SERVICES } from './contract/services.ts';
import { SYSTEM } from './contract/system.ts';
import { WEBHOOKS } from './contract/webhooks.ts';

export type Contract = typeof RECOVERIES &
  typeof RECOVERY_MESSAGES &
  typeof PLAYBOOKS &
  typeof CHECKPOINTS &
  typeof ROLLBACKS &
  typeof BREAKERS &
  typeof HOSTS &
  typeof MONITORS &
  typeof DRILLS &
  typeof REPORTS &
  typeof RUNS &
  typeof INSIGHT &
  typeof SERVICES &
  typeof SERVICE_STATES &
  typeof SYSTEM &
  typeof WEBHOOKS;

export type OperationId = keyof Contract;

/** Every route of the HTTP API by operation id: who may call it, what it takes and what it answers. */
export const CONTRACT: Contract = {
  ...RECOVERIES,
  ...RECOVERY_MESSAGES,
  ...PLAYBOOKS,
  ...CHECKPOINTS,
  ...ROLLBACKS,
  ...BREAKERS,
  ...HOSTS,
  ...MONITORS,
  ...DRILLS,
  ...REPORTS,
  ...RUNS,
  ...INSIGHT,
  ...SERVICES,
  ...SERVICE_STATES,
  ...SYSTEM,
  ...WEBHOOKS,
};
