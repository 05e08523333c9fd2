import type { IconName } from '../words/statuses.ts';

/** On a grid of 16. */
const PATHS: Record<IconName, string> = {
  check: 'M3 8.500 6.500 12 13 4.500',
  half: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  cross: 'm4 4 8 8m0-8-8 8',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 3v3.200l2.200 1.500',
  pause: 'M5.500 3.500v9m5-9v9',
  play: 'M5 3.500v9l7-4.500z',
  person: 'M8 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5m-4.500 5.500a4.500 4.500 0 0 1 9 0',
  eye: 'M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8M8 9.700a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400',
  undo: 'M6 3 3 6l3 3M3 6h6.500a3.500 3.500 0 0 1 0 7H6',
  up: 'M8 13V3M4 7l4-4 4 4',
  stop: 'M4 4h8v8H4z',
  skip: 'm3 4 5 4-5 4zM12.500 4v8',
  dash: 'M3.500 8h9',
  dots: 'M3.500 8h.01M8 8h.01M12.500 8h.01',
  key: 'M10.500 2.500a3 3 0 1 1-2.300 4.900L3 12.600V14h2v-1.500h1.500V11L8 9.500',
  warning: 'M8 2.500 14.500 13.500h-13zM8 6.500v3.300m0 1.700v.01',
};

/** Beside a word that says the same, so that nobody has to hear it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
