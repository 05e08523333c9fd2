import {
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { changeHost, describeFailover, hostRecordOf, newHostState, type HostState } from '../domain/host.ts';
import * as messages from './messages.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { checkHostChange } from './steps/check-host-message.ts';
import { takeChecked } from './steps/check-message.ts';

export interface HostRecordInput {
  name: string;
  /** Carried over continue-as-new. */
  state?: HostState;
  /** Messages after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
}

const CONTINUE_AFTER = 1000;

const wordOf = ({ failedOver, drained }: HostState): string =>
  failedOver ? 'failed-over' : drained ? 'drained' : 'normal';

function describe(name: string, { failedOver, drained, worker, changes }: HostState): string {
  const lines = [
    `**${name}**, worker ${worker ? `${worker.version} on Node ${worker.node}` : 'unknown'}`,
    ...(failedOver ? [`${describeFailover(name, failedOver)} by ${failedOver.recovery}`] : []),
    ...(drained ? [`Drained by ${drained.by} at ${drained.at}: ${drained.reason}`] : []),
    ...changes.slice(-5).map(({ at, what, by }) => `- ${at} ${what} (${by})`),
    `Takes work again: \`rerail host undrain ${name} --reason "…"\``,
  ];
  return lines.join('\n\n');
}

/**
 * What is known of one host beyond its workers: what it can do, whether it takes new work, and whether another host has taken
 * over its subjects (decision 0020). Its memo tells it to everybody, also while no worker could answer.
 */
export async function hostRecord(input: HostRecordInput): Promise<void> {
  const { name, continueAfter = CONTINUE_AFTER } = input;
  let state = input.state ?? newHostState();
  let handled = 0;

  const publish = (): void => {
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: wordOf(state) }]);
    upsertMemo({ record: hostRecordOf(state) });
    setCurrentDetails(describe(name, state));
  };
  const take = (change: Parameters<typeof changeHost>[1]): void => {
    handled += 1;
    state = changeHost(state, change, new Date(Date.now()).toISOString());
    publish();
  };

  setHandler(
    messages.changeHostUpdate,
    (change) => {
      take(change);
      return hostRecordOf(state);
    },
    {
      validator: (change) => checkHostChange(change, name, state),
      description: 'Drain it or have it take work again: {"type": "drain", "by": "…", "reason": "…"}',
    },
  );
  setHandler(
    messages.changeHostSignal,
    (change) =>
      takeChecked(change, (given) => checkHostChange(given, name, state), take, { what: 'a change', host: name }),
    { description: 'The same without waiting for the answer; a wrong one is only logged' },
  );
  setHandler(messages.hostStateQuery, () => state, { description: 'All that is known of the host' });

  publish();
  const isLong = (): boolean => workflowInfo().continueAsNewSuggested || handled >= continueAfter;
  await condition(() => (state.forgotten || isLong()) && allHandlersFinished());
  if (state.forgotten) return;
  await continueAsNew<typeof hostRecord>({ ...input, state });
}
