import type { Look } from '../words/statuses.ts';
import { Icon } from './icon.tsx';

/** A status: colour, icon and word. */
export function Badge({ look }: { look: Look }) {
  return (
    <span className={`badge tone-${look.tone}`}>
      <Icon name={look.icon} />
      {look.word}
    </span>
  );
}
