import type { Command } from 'commander';
import type { RecoveryClient } from '../client/recovery-client.ts';
import { findDrills } from '../config/load-drills.ts';
import { loadDefinitions, loadPlaybooks } from '../config/load-playbooks.ts';
import { OPEN_RECOVERY_STATUSES, RECOVERY_STATUSES } from '../domain/recovery.ts';
import { processesHere } from './commands/process.ts';
import { listAt } from './commands/session.ts';
import { openContext, withClient } from './context.ts';

export interface Suggestion {
  value: string;
  description: string;
}

/** What there is at this moment; the words are those on the command line. */
type Live = (command: Command, words: readonly string[]) => Promise<Suggestion[]>;

const MANY = 200;

const fromServer =
  (list: (recoveries: RecoveryClient) => Promise<Suggestion[]>): Live =>
  (command) =>
    openContext(command).then((context) => withClient(context, list));

/** The first of those with the same value is the newest. */
const once = (suggestions: readonly Suggestion[]): Suggestion[] => {
  const first = new Map<string, Suggestion>();
  for (const suggestion of suggestions) if (!first.has(suggestion.value)) first.set(suggestion.value, suggestion);
  return [...first.values()];
};

const recoveries = (status: 'all' | 'open'): Live =>
  fromServer(async (client) => {
    const wanted = [...(status === 'open' ? OPEN_RECOVERY_STATUSES : RECOVERY_STATUSES)];
    const found = await client.listRecoveries({ status: wanted, limit: MANY });
    return once(found.map((row) => ({ value: row.workflowId, description: row.waitingFor ?? row.status })));
  });

const breakers = fromServer(async (client) =>
  (await client.breakers.list()).map(({ name, state }) => ({ value: name, description: state })),
);

const checkpoints = fromServer(async (client) =>
  (await client.checkpoints.listAll({ limit: MANY })).map(({ info }) => ({
    value: info.id,
    description: `${info.subject} ${info.name}`,
  })),
);

const subjects = fromServer(async (client) =>
  (await client.checkpoints.subjects()).map((value) => ({ value, description: '' })),
);

const bulks = fromServer(async (client) =>
  (await client.bulks.list()).map(({ name, status }) => ({ value: name, description: status })),
);

const monitors = fromServer(async (client) =>
  (await client.monitors.list()).map(({ name, state }) => ({ value: name, description: state })),
);

/** Those of the monitor that is named before. */
const monitorTargets: Live = (command, words) =>
  fromServer(async (client) =>
    (await client.monitors.health(words[2] ?? '')).targets.map(({ target, state }) => ({
      value: target,
      description: state,
    })),
  )(command, words);

const hosts = fromServer(async (client) =>
  (await client.hosts.list()).map(({ name, state }) => ({ value: name, description: state })),
);

const services = fromServer(async (client) =>
  (await client.services.list()).map(({ name, state }) => ({ value: name, description: state })),
);

const transactions = fromServer(async (client) =>
  once((await client.transactions.list(MANY)).map(({ key, status }) => ({ value: key, description: status }))),
);

const drills = fromServer(async (client) =>
  (await client.drills.list({ limit: MANY })).map(({ workflowId, verdict }) => ({
    value: workflowId,
    description: verdict,
  })),
);

const suites = fromServer(async (client) =>
  (await client.drillSuites.list({ limit: MANY })).map(({ workflowId, verdict }) => ({
    value: workflowId,
    description: verdict,
  })),
);

const drillDefinitions: Live = async () =>
  (await findDrills()).map(({ metadata: { name, description = '' } }) => ({
    value: name,
    description: description.split('\n')[0] ?? '',
  }));

const valueOf = (flag: string, words: readonly string[]): string | undefined => {
  const at = words.indexOf(flag);
  return at < 0 ? words.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1) : words[at + 1];
};

/** Of the subject that is named before. */
const artifacts: Live = async (command, words) => {
  const subject = valueOf('--subject', words);
  if (subject === undefined) return [];
  const context = await openContext(command);
  const host = valueOf('--host', words) ?? context.settings.host;
  return withClient(context, async (client) =>
    once(
      (await client.artifacts.list(subject, host)).map(({ name, current }) => ({ value: name, description: current })),
    ),
  );
};

const playbooks: Live = async (command) => {
  const { settings } = await openContext(command);
  return (await loadPlaybooks(settings.playbooksDir)).map(({ name, description = '' }) => ({
    value: name,
    description: description.split('\n')[0] ?? '',
  }));
};

/** Components that have this, by name. */
async function defined(command: Command, part: 'session' | 'process'): Promise<Suggestion[]> {
  const { settings } = await openContext(command);
  // A mistake in a file hides nothing of what runs.
  const { components } = await loadDefinitions(settings.playbooksDir).catch(() => ({ components: [] }));
  return components
    .filter(({ spec }) => spec[part] !== undefined)
    .map(({ name }) => ({ value: name, description: 'defined' }));
}

/** Of this host, as its terminal server tells. */
const sessions: Live = async (command, words) => {
  const here = (await listAt(valueOf('--socket', words)).catch(() => undefined))?.sessions ?? [];
  return once([
    ...here.map(({ name, windows }) => ({ value: name, description: `${windows.length} windows` })),
    ...(await defined(command, 'session')),
  ]);
};

/** Of this host. */
const processes: Live = async (command) => {
  const started = await processesHere(await openContext(command)).listHere();
  return once([
    ...started.map(({ status }) => ({ value: status.name, description: status.state })),
    ...(await defined(command, 'process')),
  ]);
};

/** Where live values are known: the words of the command, and its argument or option. The first that fits counts. */
const LIVE: readonly [command: RegExp, name: string, values: Live][] = [
  [/^recovery (approve|deny|decide|complete|pause|cancel|kill)$/, 'recovery', recoveries('open')],
  [/^(recovery .*|drill from)$/, 'recovery', recoveries('all')],
  [/^breaker /, 'name', breakers],
  [/^(checkpoint .*|restore|session restore)$/, 'checkpoint', checkpoints],
  [/^checkpoint diff$/, 'from', checkpoints],
  [/^checkpoint diff$/, 'to', checkpoints],
  [/^bulk /, 'name', bulks],
  [/^monitor /, 'name', monitors],
  [/^monitor reset$/, 'target', monitorTargets],
  [/^service /, 'name', services],
  [/^transaction /, 'key', transactions],
  [/^drill (run|schedule)$/, 'names', drillDefinitions],
  [/^drill trend$/, 'name', drillDefinitions],
  [/^drill report$/, 'id', drills],
  [/^drill suite report$/, 'id', suites],
  [/^artifact (get|activate|remove)$/, 'name', artifacts],
  [/^session /, 'session', sessions],
  [/^process /, 'name', processes],
  [/^playbook show$/, 'name', playbooks],
  [/./, 'playbook', playbooks],
  [/./, 'host', hosts],
  [/./, 'subject', subjects],
];

export const findLive = (asked: string, name: string | undefined): Live | undefined =>
  LIVE.find(([command, known]) => command.test(asked) && known === name)?.[2];
