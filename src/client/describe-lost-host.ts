import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import type { Failure } from '../domain/failure.ts';
import type { HostSubject } from '../domain/host.ts';
import type { Hosts } from './hosts.ts';

const SHOWN = 20;
/** People are told of the loss at once; ledgers that are slow to answer are named as such. Milliseconds. */
const LIST_WITHIN_MS = 10_000;

const textOf = ({ checkpoints, latest, latestAt, latestCopied }: HostSubject): string =>
  latest === null
    ? `${checkpoints} checkpoints, none of them whole`
    : `newest whole checkpoint ${latest} of ${latestAt ?? 'an unknown time'}, ${
        latestCopied === null
          ? 'no copy elsewhere: only the host itself has it'
          : latestCopied === latest
            ? 'copied to the replica'
            : `newest copy elsewhere ${latestCopied}`
      }`;

/** A failure `host-lost` with what a person needs to know: when the host was seen last, and what only it may have. */
export async function describeLostHost(failure: Failure, name: string, hosts: Hosts): Promise<Failure> {
  const causes = [...failure.causes];
  const labels = { ...failure.labels };
  try {
    const { lastSeenAt } = await hosts.find(name);
    labels['lastSeen'] ??= lastSeenAt ?? 'more than five minutes ago';
  } catch (error) {
    causes.push({ name, message: messageOf(error) });
  }
  const listed = hosts.subjects(name).catch((error: unknown) => messageOf(error));
  const late = sleep(LIST_WITHIN_MS, `no answer within ${LIST_WITHIN_MS / 1000} s`, { ref: false });
  const subjects = await Promise.race([listed, late]);
  if (typeof subjects === 'string')
    return { ...failure, labels, causes: [...causes, { name: 'checkpoints', message: `not listed: ${subjects}` }] };
  labels['subjects'] = String(subjects.length);
  causes.push(...subjects.slice(0, SHOWN).map((one) => ({ name: one.subject, message: textOf(one) })));
  if (subjects.length > SHOWN)
    causes.push({ name: 'more', message: `${subjects.length - SHOWN} more: rerail host show ${name}` });
  return { ...failure, labels, causes };
}
