import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { PauseInputSchema } from '../domain/approval.schema.ts';
import type { PauseInput } from '../domain/approval.ts';
import type { BreakGlass } from '../domain/brakes.ts';
import { messageOf } from '../domain/errors.ts';
import { OPEN_RECOVERY_STATUSES } from '../domain/recovery.ts';
import { parseInput } from '../domain/parse-input.ts';
import { AUTOMATION_BREAKER, breakerId } from '../domain/wire-names.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { whereUsed, type Breakers } from './breakers.ts';
import type { RecoveryHandle } from './recovery-handle.ts';
import type { ListedRecovery, ListRecoveriesOptions } from './recovery-list.ts';

/** What was done to the recoveries that were open, and what could not be. */
export interface AutomationChange {
  changed: string[];
  refused: { workflowId: string; reason: string }[];
}

export interface AutomationDeps {
  breakers: Breakers;
  listRecoveries: (options: ListRecoveriesOptions) => Promise<ListedRecovery[]>;
  getHandle: (workflowId: string) => RecoveryHandle;
  /** Of the breaker that is the switch. */
  name?: string;
}

/** What a pause by the switch begins with, so that the switch takes back only its own. */
const MARK = 'automation is off: ';
/** For how long the present position of the switch is good, in milliseconds. */
const LOOK_MS = 1000;
const OPEN_LIMIT = 10_000;

/** The kill switch (design 4): a breaker that is forced open keeps automatic plans waiting for a person. */
export function createAutomation(deps: AutomationDeps) {
  const { breakers, listRecoveries, getHandle, name = AUTOMATION_BREAKER } = deps;

  async function each(work: (handle: RecoveryHandle) => Promise<boolean>): Promise<AutomationChange> {
    const result: AutomationChange = { changed: [], refused: [] };
    const open = await listRecoveries({ status: [...OPEN_RECOVERY_STATUSES], limit: OPEN_LIMIT });
    for (const { workflowId } of open) {
      try {
        if (await work(getHandle(workflowId))) result.changed.push(workflowId);
      } catch (error) {
        result.refused.push({ workflowId, reason: messageOf(error) });
      }
    }
    return result;
  }

  return {
    name,
    /** Off, or undefined when it is on, as it is where nobody has ever used it. */
    async status(): Promise<(BreakGlass & { since: string }) | undefined> {
      const { state, since = '', lastChange } = (await whereUsed(breakers.status(name))) ?? {};
      if (state !== 'FORCED_OPEN') return undefined;
      return { by: lastChange?.by ?? 'unknown', reason: lastChange?.reason ?? 'unknown', since };
    },
    /** From now on no plan acts by itself; open recoveries pause before their next action. */
    async off(given: PauseInput): Promise<AutomationChange> {
      const { by, reason } = parseInput(PauseInputSchema, given, 'the change');
      await breakers.forceOpen(name, { by, reason });
      return each(async (handle) => {
        await handle.pause({ by, reason: MARK + reason });
        return true;
      });
    },
    /** Lets plans act by themselves again, and the recoveries go on that the switch has paused, one after the other. */
    async on(given: PauseInput): Promise<AutomationChange> {
      const { by, reason } = parseInput(PauseInputSchema, given, 'the change');
      await whereUsed(breakers.reset(name, { by, reason }));
      return each(async (handle) => {
        const { pausedBy } = await handle.status();
        if (!pausedBy?.reason.startsWith(MARK)) return false;
        await handle.resume({ by, reason });
        return true;
      });
    },
  };
}

export type Automation = ReturnType<typeof createAutomation>;

/** Reads the switch for a worker: it costs no query and needs no worker unless automation is off. */
export function createKillSwitch(client: Client, automation: Automation, now: () => number = Date.now) {
  let read: { at: number; answer: Promise<BreakGlass | undefined> } | undefined;
  async function look(): Promise<BreakGlass | undefined> {
    try {
      const handle = client.workflow.getHandle(breakerId(automation.name));
      const { status, typedSearchAttributes } = await handle.describe();
      if (status.name !== 'RUNNING') return undefined;
      if (typedSearchAttributes.get(SEARCH_ATTRIBUTES.status) !== 'FORCED_OPEN') return undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      // Nobody knows whether it may act: then it does not.
      return { by: 'rerail', reason: `the kill switch could not be read: ${messageOf(error)}` };
    }
    const off = await automation.status().catch(() => undefined);
    return off ?? { by: 'unknown', reason: 'see `rerail automation show`' };
  }
  return (): Promise<BreakGlass | undefined> => {
    if (!read || now() - read.at >= LOOK_MS) read = { at: now(), answer: look() };
    return read.answer;
  };
}
