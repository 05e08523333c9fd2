import { Context, log } from '@temporalio/activity';
import { signLink } from '../../config/approval-links.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';
import type { Channel, Occurrence } from '../../domain/notification.ts';
import type { NotificationInput, NotificationResult } from '../../workflows/notification.ts';
import { sendEmail } from './channels/send-email.ts';
import { sendPagerDuty } from './channels/send-pagerduty.ts';
import { sendSlack } from './channels/send-slack.ts';
import { sendWebhook } from './channels/send-webhook.ts';
import { DeliveryError, toFailure } from './delivery-error.ts';
import { asText, type Link, type Message } from './message.ts';
import type { NotificationDeps } from './notification-deps.ts';
import { rulesOf } from './watch-recoveries.ts';
import { writeMessage } from './write-message.ts';

type Seen = Awaited<ReturnType<NotificationDeps['look']>>;

/** From this try on a message goes out with what is known without the recovery's worker. */
const TRIES_TO_LOOK = 3;
const LINKS_GOOD_FOR_MS = 24 * 60 * 60_000;

async function lookAt({ workflowId, runId }: Occurrence, deps: NotificationDeps): Promise<Seen | undefined> {
  if (workflowId === undefined || runId === undefined) return undefined;
  try {
    return await deps.look(workflowId, runId);
  } catch (error) {
    if (Context.current().info.attempt < TRIES_TO_LOOK) throw error;
    log.warn('a message is sent without its details', { workflowId, reason: messageOf(error) });
    return undefined;
  }
}

/** Why a message is no longer worth sending: it would wake somebody for what is over. */
function outOfDate({ event, waitingFor, at }: Occurrence, seen: Seen | undefined): string | undefined {
  if (!seen || !['approval.requested', 'operator.needed'].includes(event)) return undefined;
  if (!seen.open) return 'the recovery has closed meanwhile';
  const wait = seen.snapshot?.waitingFor;
  return wait?.key === waitingFor && wait?.since === at ? undefined : 'it was answered meanwhile';
}

/** One link for each verdict, in the name of who reads the channel. */
async function linksFor(channel: Channel, { event }: Occurrence, seen: Seen | undefined, deps: NotificationDeps) {
  const { publicUrl, approvalKeysFile } = deps;
  const { snapshot } = seen ?? {};
  const approver = 'approver' in channel ? channel.approver : undefined;
  if (event !== 'approval.requested' || !approver || publicUrl === undefined || approvalKeysFile === undefined)
    return [];
  const { waitingFor, approval, workflowId = '', runId = '' } = snapshot ?? {};
  if (!waitingFor || !approval) return [];
  const { until, since } = waitingFor;
  const claims = {
    workflowId,
    runId,
    planHash: approval.planHash,
    ...(approval.actionId === undefined ? {} : { actionId: approval.actionId }),
    since,
    by: approver.name,
    roles: approver.roles,
    expiresAt: Math.min(until === undefined ? Infinity : Date.parse(until), Date.now() + LINKS_GOOD_FOR_MS),
  };
  const link = async (label: string, verdict: 'approved' | 'denied'): Promise<Link> => ({
    label,
    url: `${publicUrl}/links/${await signLink({ ...claims, verdict }, approvalKeysFile)}`,
  });
  return Promise.all([link('Approve', 'approved'), link('Deny', 'denied')]);
}

async function deliver(channel: Channel, message: Message): Promise<void> {
  switch (channel.type) {
    case 'slack':
      return sendSlack(channel, message);
    case 'pagerduty':
      return sendPagerDuty(channel, message);
    case 'email':
      return sendEmail(channel, message);
    case 'webhook':
      return sendWebhook(channel, message);
    case 'console':
      log.warn(message.title, { event: message.event, text: asText(message) });
  }
}

async function send({ occurrence, channel: name }: NotificationInput, deps: NotificationDeps) {
  const { channels } = await rulesOf(deps);
  const channel = channels.find((one) => one.name === name);
  if (!channel) return { sent: false, why: `there is no channel ${name} any more` };
  const seen = await lookAt(occurrence, deps);
  const why = outOfDate(occurrence, seen);
  if (why !== undefined) return { sent: false, why };
  const links = await linksFor(channel, occurrence, seen, deps);
  const { publicUrl } = deps;
  await deliver(channel, writeMessage({ occurrence, seen, publicUrl, links, now: new Date() }));
  return { sent: true };
}

/** A channel that is not there is tried again and noted in the log; no recovery waits for it. */
export async function sendNotification(input: NotificationInput, deps: NotificationDeps): Promise<NotificationResult> {
  try {
    return await send(input, deps);
  } catch (error) {
    const { channel, occurrence } = input;
    const failure =
      error instanceof DeliveryError
        ? error
        : new DeliveryError(isRerailError(error) ? `${error.code}: ${error.message}` : messageOf(error));
    log.warn('a channel did not take a message', { channel, event: occurrence.event, reason: failure.message });
    throw toFailure(channel, failure);
  }
}
