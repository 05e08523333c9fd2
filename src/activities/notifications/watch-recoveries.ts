import { Context, log, sleep } from '@temporalio/activity';
import { messageOf, RerailError } from '../../domain/errors.ts';
import { channelsFor, type NotificationRules, type Occurrence } from '../../domain/notification.ts';
import { findOccurrences, type Waits } from './find-occurrences.ts';
import type { NotificationDeps } from './notification-deps.ts';

/** Visibility may show a change so much later than it happened. */
const LAG_MS = 60_000;
const EVERY_MS = 1000;
/** Where thousands wait a look takes its time: it rests for so many times as long, but no longer than that. */
const RESTS = 4;
const LONGEST_REST_MS = 5000;
/** The switch is looked at with every so-manieth look. */
const LOOKS_PER_SWITCH = 5;
const WATCH_MS = 60 * 60_000;
/** What was told is remembered for so many; beyond that the ids of the notifications have to do. */
const REMEMBERED = 5000;

export function rulesOf({ rules }: NotificationDeps): Promise<NotificationRules> {
  if (rules) return rules();
  throw new RerailError('settings-invalid', 'this worker has no file of notifications', {
    remedy: 'Give all workers of a task queue the same setting notificationsFile.',
  });
}

type Switch = Awaited<ReturnType<NotificationDeps['automation']>> | null;

function switchOccurrence(before: Switch | undefined, now: Switch, at: Date): Occurrence | undefined {
  if (now) {
    const detail = `by ${now.by}: ${now.reason}`;
    return { event: 'automation.off', key: `automation/${now.since}`, at: now.since, detail };
  }
  if (!before) return undefined;
  return { event: 'automation.on', key: `automation/${before.since}`, at: at.toISOString() };
}

/**
 * Looks every second, or less often where a look takes long, at what has changed and starts what tells people of it. `since` goes
 * on only when all is started, and what was started before is not started again: a worker that dies loses nothing and tells nobody
 * twice.
 */
export async function watchRecoveries(
  { since: given }: { since: string },
  deps: NotificationDeps,
): Promise<{ since: string }> {
  const context = Context.current();
  const { cancellationSignal, info } = context;
  const earlier = info.heartbeatDetails as { since?: string } | undefined;
  let since = new Date(earlier?.since ?? given);
  let waits: Waits = new Map();
  let automation: Switch | undefined;
  let rules = await rulesOf(deps);
  const told = new Set<string>();
  const until = Date.now() + WATCH_MS;

  const tell = async (occurrence: Occurrence): Promise<void> => {
    const id = `${occurrence.event}/${occurrence.key}`;
    if (told.has(id)) return;
    await Promise.all(channelsFor(rules, occurrence).map(({ name }) => deps.send(occurrence, name)));
    told.add(id);
    if (told.size > REMEMBERED) for (const oldest of [...told].slice(0, REMEMBERED / 2)) told.delete(oldest);
  };

  async function look(withSwitch: boolean): Promise<void> {
    const now = new Date();
    rules = await rulesOf(deps);
    const found = findOccurrences(await deps.changes(since), { since, before: waits, now });
    for (const occurrence of found.occurrences) await tell(occurrence);
    waits = found.waits;
    if (withSwitch) {
      const position = (await deps.automation()) ?? null;
      const occurrence = switchOccurrence(automation, position, now);
      if (occurrence) await tell(occurrence);
      automation = position;
    }
    since = new Date(Math.max(since.getTime(), now.getTime() - LAG_MS));
  }

  for (let count = 0; Date.now() < until && !cancellationSignal.aborted; count++) {
    // A file with a mistake, or a server that is away: what is missed now is found later.
    const began = Date.now();
    await look(count % LOOKS_PER_SWITCH === 0).catch((error: unknown) => {
      log.warn('nobody is told of recoveries at the moment', { reason: messageOf(error) });
    });
    context.heartbeat({ since: since.toISOString() });
    const rest = Math.min(RESTS * (Date.now() - began), LONGEST_REST_MS);
    await sleep(Math.max(deps.everyMs ?? EVERY_MS, rest)).catch(() => undefined);
  }
  return { since: since.toISOString() };
}
