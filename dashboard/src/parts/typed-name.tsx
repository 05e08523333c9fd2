import { useId } from 'react';

interface Props {
  /** Of what is to be typed. */
  label: string;
  typed: string;
  onType: (typed: string) => void;
}

/** Where a name is typed before something that is hard to take back. */
export function TypedName({ label, typed, onType }: Props) {
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{`${label}, to confirm`}</label>
      <input
        id={id}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => onType(event.target.value)}
      />
    </>
  );
}
