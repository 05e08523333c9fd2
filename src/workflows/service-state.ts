import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ServiceSnapshot } from '../domain/service.schema.ts';
import type { ServiceChange } from '../domain/service.ts';
import {
  changeService,
  createServiceState,
  describeService,
  dropHeld,
  holdOperation,
  nextChangeAt,
  passTime,
  type ServiceState,
} from '../resilience/service-state.ts';
import * as messages from './messages.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { takeChecked } from './steps/check-message.ts';
import { checkDropHeld, checkHeldOperation, checkServiceChange } from './steps/check-service-message.ts';
import { passTimeUntilLong } from './steps/pass-time.ts';

export interface ServiceStateInput {
  name: string;
  /** Carried over continue-as-new. */
  state?: ServiceState;
  /** Messages after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
}

const CONTINUE_AFTER = 1000;

const wordOf = ({ degraded, trafficPercent, ratePerSecond }: ServiceSnapshot, full: number | undefined): string => {
  if (degraded) return 'degraded';
  return trafficPercent < 100 || (ratePerSecond !== null && ratePerSecond < (full ?? 0)) ? 'limited' : 'normal';
};

/**
 * What the clients of one service are told: degraded or not, how much they may send, when to open their connections anew;
 * and what they hold back until its database is there again. It lives as long as the namespace (decision 0018).
 */
export async function serviceState(input: ServiceStateInput): Promise<void> {
  const { name, continueAfter = CONTINUE_AFTER } = input;
  let state = input.state ?? createServiceState();
  let handled = 0;
  let published: number | undefined;
  let shown = '';

  const snapshot = (): ServiceSnapshot => describeService(name, state, Date.now());
  const publish = (): void => {
    if (published === state.version) return;
    published = state.version;
    const now = snapshot();
    const { reason, ratePerSecond, held, trafficPercent } = now;
    const word = wordOf(now, state.rate?.spec.perSecond);
    const rate = ratePerSecond === null ? 'no limit' : `${ratePerSecond} requests/s`;
    setCurrentDetails(
      `**${name}** is ${word}${reason === null ? '' : `: ${reason}`}\n\n${rate}, traffic ${trafficPercent} %, ${held} operations held`,
    );
    if (word === shown) return;
    shown = word;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: word }]);
    upsertMemo({ since: new Date().toISOString() });
  };
  const take = (change: ServiceChange): void => {
    handled += 1;
    state = changeService(passTime(state, Date.now()), change, Date.now());
    publish();
  };

  setHandler(
    messages.changeServiceUpdate,
    (change) => {
      take(change);
      return snapshot();
    },
    { validator: checkServiceChange, description: 'Change what clients are told: {"id", "by", "reason", "type", …}' },
  );
  setHandler(
    messages.changeServiceSignal,
    (change) => takeChecked(change, checkServiceChange, take, { what: 'a change', service: name }),
    { description: 'The same without waiting for the answer; a wrong one is only logged' },
  );
  setHandler(
    messages.holdOperationUpdate,
    (operation) => {
      handled += 1;
      state = holdOperation(state, operation);
      publish();
      return { held: state.held.length };
    },
    {
      validator: (operation) => {
        checkHeldOperation(operation, state.held);
      },
      description: 'Keep an operation until the database is there: {"id", "statement", "values": []}',
    },
  );
  setHandler(
    messages.dropHeldUpdate,
    ({ ids }) => {
      handled += 1;
      state = dropHeld(state, ids);
      publish();
      return { held: state.held.length };
    },
    { validator: checkDropHeld, description: 'These operations are in the database now: {"ids": []}' },
  );
  setHandler(messages.serviceStatusQuery, snapshot, { description: 'What clients are told' });
  setHandler(messages.heldOperationsQuery, () => state.held, { description: 'Operations that wait, oldest first' });

  publish();
  await passTimeUntilLong({
    nextDue: () => nextChangeAt(state),
    onDue: (at) => {
      state = passTime(state, at);
      publish();
    },
    summary: () => 'until it changes by itself',
    handled: () => handled,
    continueAfter,
  });
  await condition(allHandlersFinished);
  await continueAsNew<typeof serviceState>({ ...input, state });
}
