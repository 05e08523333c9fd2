import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createTransport } from 'nodemailer';
import { codeOf } from '../../../domain/errors.ts';
import type { EmailChannel } from '../../../domain/notification.ts';
import { readSecret } from '../../../process/read-secret.ts';
import { DeliveryError } from '../delivery-error.ts';
import { asText, type Message } from '../message.ts';

const ANSWER_WITHIN_MS = 10_000;

/** The same message has the same Message-ID each time it is tried: mailboxes show it once. */
export const messageId = (channel: string, { event, key }: Message): string =>
  `<${createHash('sha256').update(`${channel}\n${event}\n${key}`).digest('hex').slice(0, 40)}@rerail>`;

/** SMTP says 5xx for what will not change; without an answer it is the network. */
function toDeliveryError(error: unknown): DeliveryError {
  const { responseCode } = error as { responseCode?: number };
  const what = responseCode === undefined ? 'no answer of the mail server' : `the mail server answered ${responseCode}`;
  return new DeliveryError(`${what} (${codeOf(error) ?? 'unknown'})`, { permanent: (responseCode ?? 0) >= 500 });
}

/** Each try is a connection of its own. Throws DeliveryError. */
export async function sendEmail({ name, smtp, from, to }: EmailChannel, message: Message): Promise<void> {
  const { host, port, tls, caFile, user, passwordFrom } = smtp;
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const transport = createTransport({
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(user === undefined ? {} : { auth: { user, pass: await readSecret(passwordFrom ?? '') } }),
    connectionTimeout: ANSWER_WITHIN_MS,
    greetingTimeout: ANSWER_WITHIN_MS,
    socketTimeout: ANSWER_WITHIN_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to,
      subject: message.title,
      text: asText(message),
      messageId: messageId(name, message),
      date: new Date(message.at),
    });
  } catch (error) {
    throw toDeliveryError(error);
  } finally {
    transport.close();
  }
}
