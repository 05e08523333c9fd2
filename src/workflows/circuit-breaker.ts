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
import { DEFAULT_BREAKER_SETTINGS, type BreakerSnapshot, type ReportInput } from '../domain/breaker.ts';
import { createBreaker, nextDueAt, reduceBreaker, type Breaker, type BreakerEvent } from '../resilience/breaker.ts';
import * as messages from './messages.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { takeChecked } from './steps/check-message.ts';
import {
  checkAcquire,
  checkConfigure,
  checkForceClose,
  checkManualChange,
  checkReport,
} from './steps/check-breaker-message.ts';
import { admissionOf, answerOf, describeBreaker, snapshotOf } from './steps/describe-breaker.ts';
import { passTimeUntilLong } from './steps/pass-time.ts';

export interface CircuitBreakerInput {
  name: string;
  /** Carried over continue-as-new. */
  breaker?: Breaker;
  /** Reports that were counted last, carried over as well. */
  reports?: string[];
  /** Messages after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
}

const KEPT_REPORTS = 200;
const CONTINUE_AFTER = 1000;

/**
 * The breaker of one dependency, shared by all workers (requirement 5.2). It lives as long as the namespace; workers
 * decide by themselves while it is closed and report in batches.
 */
export async function circuitBreaker(input: CircuitBreakerInput): Promise<void> {
  const { name, continueAfter = CONTINUE_AFTER } = input;
  let breaker = input.breaker ?? createBreaker(DEFAULT_BREAKER_SETTINGS, workflowInfo().startTime.getTime());
  let reports = input.reports ?? [];
  let handled = 0;
  let published = '';

  const publish = (): void => {
    const key = `${breaker.generation}/${breaker.changes.length}/${breaker.changes.at(-1)?.at ?? ''}`;
    if (key === published) return;
    published = key;
    setCurrentDetails(describeBreaker(name, breaker));
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: breaker.state }]);
    upsertMemo({ since: new Date(breaker.since).toISOString() });
  };
  const apply = (event: BreakerEvent): void => {
    breaker = reduceBreaker(breaker, event);
    publish();
  };
  const byHand = (event: BreakerEvent): BreakerSnapshot => {
    handled += 1;
    apply(event);
    return snapshotOf(name, breaker, event.at);
  };
  const take = ({ id, generation, results, leaseId }: ReportInput): void => {
    handled += 1;
    if (reports.includes(id)) return;
    reports = [...reports, id].slice(-KEPT_REPORTS);
    apply({ type: 'report', at: Date.now(), generation, results, leaseId });
  };

  setHandler(
    messages.acquireUpdate,
    (request) => {
      handled += 1;
      const at = Date.now();
      apply({ type: 'acquire', at, ...request });
      return admissionOf(breaker, request.key, at);
    },
    { validator: checkAcquire, description: 'May a call be made? {"key": "…", "by": "…", "leaseMs": 60000}' },
  );
  setHandler(
    messages.reportResultsUpdate,
    (report) => {
      take(report);
      return answerOf(breaker, Date.now());
    },
    { validator: checkReport, description: 'How calls have gone, in the order of the calls' },
  );
  setHandler(
    messages.reportResultsSignal,
    (report) => takeChecked(report, checkReport, take, { what: 'a report', breaker: name }),
    { description: 'The same without waiting for the answer; a wrong one is only logged' },
  );
  const signed = 'for good, until it is released: {"by": "…", "reason": "…"}';
  setHandler(messages.forceOpenUpdate, ({ by, reason }) => byHand({ type: 'forceOpen', at: Date.now(), by, reason }), {
    validator: checkManualChange,
    description: `Keep all calls away ${signed}`,
  });
  setHandler(
    messages.forceCloseUpdate,
    ({ by, reason, mode = 'DISABLED' }) => byHand({ type: 'forceClose', mode, at: Date.now(), by, reason }),
    { validator: checkForceClose, description: `Let all calls through ${signed}` },
  );
  setHandler(messages.resetBreakerUpdate, ({ by, reason }) => byHand({ type: 'reset', at: Date.now(), by, reason }), {
    validator: checkManualChange,
    description: 'Close it and forget its calls: {"by": "…", "reason": "…"}',
  });
  setHandler(
    messages.configureBreakerUpdate,
    ({ by, reason, settings }) => byHand({ type: 'configure', at: Date.now(), by, reason, settings }),
    { validator: checkConfigure, description: 'Change some settings: {"by": "…", "reason": "…", "settings": {}}' },
  );
  setHandler(messages.breakerStatusQuery, () => snapshotOf(name, breaker, Date.now()), {
    description: 'State, counts, leases, settings and changes',
  });

  publish();
  await passTimeUntilLong({
    nextDue: () => nextDueAt(breaker),
    onDue: (at) => apply({ type: 'tick', at }),
    summary: () => `${breaker.state} until then`,
    handled: () => handled,
    continueAfter,
  });
  await condition(allHandlersFinished);
  await continueAsNew<typeof circuitBreaker>({ ...input, breaker, reports });
}
