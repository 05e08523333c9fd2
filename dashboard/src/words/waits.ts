/** What a recovery waits for, from the key that Visibility keeps. */
export function describeWait(key: string): string {
  const [kind = '', ...rest] = key.split(':');
  const what = rest.join(':');
  switch (kind) {
    case 'approval':
      return what === '' ? 'an approval of the plan' : `an approval of ${what}`;
    case 'manual':
      return `the manual step ${what}`;
    case 'decision':
      return `a decision on ${what}`;
    case 'resume':
      return 'somebody to resume it';
    case 'breaker':
      return `the breaker ${what}`;
    case 'time':
      return 'a time';
    case 'probes':
      return 'its probes';
    default:
      return key;
  }
}

/** Whether a person ends the wait. */
export const waitsForPerson = (key: string | null): boolean =>
  key !== null && /^(approval|manual|decision|resume)(:|$)/.test(key);
