import type { SlackChannel } from '../../../domain/notification.ts';
import { readSecret } from '../../../process/read-secret.ts';
import type { Message } from '../message.ts';
import { postJson } from './post-json.ts';

const LONGEST_SECTION = 2900;

/** Nothing of what a failure says may mention people or make links. */
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text: text.slice(0, LONGEST_SECTION) } });

export function slackBody({ title, facts, commands, links }: Message) {
  const lines = facts.map(({ label, value }) => `*${escape(label)}:* ${escape(value.slice(0, 600))}`);
  return {
    text: escape(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title.slice(0, 150) } },
      ...(lines.length > 0 ? [section(lines.join('\n'))] : []),
      ...(commands.length > 0 ? [section(`\`\`\`${escape(commands.join('\n'))}\`\`\``)] : []),
      ...(links.length > 0 ? [section(links.map(({ label, url }) => `<${url}|${escape(label)}>`).join('  '))] : []),
    ],
  };
}

/** An incoming webhook of Slack knows no keys: a message whose answer was lost comes a second time. */
export async function sendSlack({ urlFrom }: SlackChannel, message: Message): Promise<void> {
  await postJson({ url: await readSecret(urlFrom), body: JSON.stringify(slackBody(message)) });
}
