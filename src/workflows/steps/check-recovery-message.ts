import { fieldsOf, isFields, isListOf, isText, need, needTexts } from './check-message.ts';

/** Throws `invalid-input` for a joining failure without what the recovery reads of it; `FailureSchema` says all of it. */
export function checkJoiningFailure(given: unknown): void {
  const { target, message, source, run, probes, causes, labels } = fieldsOf(given);
  need(isText(target), 'target', 'must name what broke');
  need(isText(message), 'message', 'must say what failed');
  need(isFields(source) && isText(source['kind']), 'source', 'must say where the report comes from');
  need(run === undefined || (isFields(run) && isText(run['workflowId'])), 'run', 'must name the run that waits');
  need(isListOf(isFields, probes), 'probes', 'must be a list of probes');
  need(isListOf(isFields, causes), 'causes', 'must be a list of causes');
  need(isFields(labels) && Object.values(labels).every(isText), 'labels', 'must be texts by name');
}

/** The same of an alert that is over. */
export const checkResolvedAlert = needTexts('title', 'source', 'sender', 'fingerprint', 'startsAt');

/** The same of what a recovery says to those who wait for it when it closes. */
export function checkOutcome(given: unknown): void {
  const { recoveryId, recoveryRunId, status } = fieldsOf(given);
  need(isText(recoveryId), 'recoveryId', 'must name the recovery');
  need(isText(recoveryRunId), 'recoveryRunId', 'must name its run');
  need(isText(status), 'status', 'must say how it ended');
}

/** The same of a request to do a step again. */
export function checkRetryStep(given: unknown): void {
  need(isText(fieldsOf(given)['key']), 'key', 'must name the step');
}
