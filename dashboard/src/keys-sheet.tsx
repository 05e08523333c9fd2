import { Sheet } from './parts/sheet.tsx';

const KEYS = [
  ['/', 'Go to the filter'],
  ['g r', 'Recoveries'],
  ['g c', 'Checkpoints'],
  ['g b', 'Breakers'],
  ['g h', 'Health'],
  ['g d', 'Drills'],
  ['g o', 'Hosts'],
  ['g u', 'Bulk recoveries'],
  ['g p', 'Playbooks'],
  ['g e', 'Reports'],
  ['g s', 'Statistics'],
  ['?', 'This list'],
  ['Esc', 'Close what is open'],
] as const;

export function KeysSheet({ onClose }: { onClose: () => void }) {
  return (
    <Sheet title="Keys" onClose={onClose}>
      <dl className="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
