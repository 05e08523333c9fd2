import type { NotificationEvent, Occurrence } from '../../domain/notification.ts';

export interface Link {
  label: string;
  url: string;
}

/** What people are told, before a channel gives it its form. */
export interface Message {
  event: NotificationEvent;
  key: string;
  at: string;
  /** One sentence: what happened, on what. */
  title: string;
  facts: { label: string; value: string }[];
  /** What ends the wait, to copy. */
  commands: string[];
  links: Link[];
  occurrence: Occurrence;
}

export const asText = ({ title, facts, commands, links }: Message): string =>
  [
    title,
    '',
    ...facts.map(({ label, value }) => `${label}: ${value}`),
    ...(commands.length > 0 ? ['', 'Answer with:', ...commands.map((line) => `  ${line}`)] : []),
    ...(links.length > 0 ? ['', ...links.map(({ label, url }) => `${label}: ${url}`)] : []),
    '',
  ].join('\n');
