import { appendFileSync } from 'node:fs';
import path from 'node:path';

/** Notes that this step ran, once for each start of it: the demonstration counts these lines afterwards. */
export function noteEffect(step) {
  const state = process.env.SITE_STATE;
  if (state) appendFileSync(path.join(state, 'effects.log'), `${step} ${process.env.RERAIL_KEY ?? 'by-hand'}\n`);
}
