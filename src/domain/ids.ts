const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function encode(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = CROCKFORD[rest % 32] + text;
  return text;
}

/**
 * A ULID behind a prefix, such as `cp_01JD...`: sortable by time and easy to copy. The clock and the source of
 * randomness are those of the place it runs in, which makes it deterministic inside a workflow; the published
 * packages reach for `node:crypto`, which the workflow bundle forbids.
 */
export function newId(prefix: string, now: number = Date.now(), random: () => number = Math.random): string {
  const entropy = Array.from({ length: 16 }, () => CROCKFORD[Math.floor(random() * 32)]).join('');
  return `${prefix}_${encode(now, 10)}${entropy}`;
}

/** When an id was made, in milliseconds; undefined for what is none of ours. */
export function momentOfId(id: string): number | undefined {
  const [, time] = /_([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{16}$/.exec(id) ?? [];
  return time === undefined ? undefined : [...time].reduce((sum, sign) => sum * 32 + CROCKFORD.indexOf(sign), 0);
}
