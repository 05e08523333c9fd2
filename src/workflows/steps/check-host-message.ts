import { ApplicationFailure } from '@temporalio/workflow';
import { HOST_CHANGES, type HostChange, type HostState } from '../../domain/host.ts';

const refusal = (why: string): ApplicationFailure => ApplicationFailure.nonRetryable(why, 'invalid-input');

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Throws `invalid-input` for a change of the wrong shape, and `host-failed-over` for a second failover. */
export function checkHostChange(given: unknown, name: string, { failedOver }: HostState): void {
  if (!isRecord(given)) throw refusal('the message is not an object');
  const { type, by, reason } = given;
  if (!(HOST_CHANGES as readonly unknown[]).includes(type))
    throw refusal(`field "type" must be one of ${HOST_CHANGES.join(', ')}`);
  if (!isText(by)) throw refusal('field "by" must name who makes the change');
  if (!isText(reason)) throw refusal('field "reason" must say why');
  if (type === 'register' && !isRecord(given['worker'])) throw refusal('field "worker" must say what the worker is');
  if (type !== 'failOver') return;
  const next = given['failedOver'];
  if (!isRecord(next) || !isText(next['to']) || !isText(next['recovery']) || !Array.isArray(given['moved']))
    throw refusal('field "failedOver" must say where to, by which recovery, and field "moved" what');
  const { recovery } = (given as Extract<HostChange, { type: 'failOver' }>).failedOver;
  if (failedOver && failedOver.recovery !== recovery)
    throw ApplicationFailure.nonRetryable(
      `${name} was failed over to ${failedOver.to} at ${failedOver.at} by ${failedOver.recovery}`,
      'host-failed-over',
    );
}
