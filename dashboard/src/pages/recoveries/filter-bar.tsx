import { useEffect, useId, useRef, useState } from 'react';
import type { FilterField, RecoveryFilter } from './filter.ts';

export const SEVERITY_WORDS = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
const TYPED_MS = 400;

interface TextFilterProps {
  label: string;
  value: string | undefined;
  placeholder: string;
  options?: readonly string[];
  first?: boolean;
  onChange: (value: string) => void;
}

/** Into the address when somebody stops typing, at once with Enter. */
function TextFilter({ label, value = '', placeholder, options = [], first = false, onChange }: TextFilterProps) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => latest.current(typed.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="search"
        spellCheck={false}
        autoComplete="off"
        placeholder={placeholder}
        list={options.length > 0 ? `${id}-options` : undefined}
        data-filter={first ? '' : undefined}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && onChange(typed.trim())}
      />
      {options.length > 0 && (
        <datalist id={`${id}-options`}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
    </div>
  );
}

interface FilterBarProps {
  filter: RecoveryFilter;
  playbooks: readonly string[];
  focus: boolean;
  onChange: (field: FilterField, value: string | undefined) => void;
  onClear: () => void;
}

export function FilterBar({ filter, playbooks, focus, onChange, onClear }: FilterBarProps) {
  const id = useId();
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (focus) ref.current?.querySelector<HTMLElement>('[data-filter]')?.focus();
  }, [focus]);
  return (
    <div className="filter-bar" role="search" aria-label="Recoveries" ref={ref}>
      <TextFilter
        label="Target"
        placeholder="service/api"
        first
        value={filter.target}
        onChange={(value) => onChange('target', value)}
      />
      <TextFilter
        label="Playbook"
        placeholder="any"
        options={playbooks}
        value={filter.playbook}
        onChange={(value) => onChange('playbook', value)}
      />
      <div className="field">
        <label htmlFor={`${id}-severity`}>Severity</label>
        <select
          id={`${id}-severity`}
          value={filter.severity ?? ''}
          onChange={(event) => onChange('severity', event.target.value)}
        >
          <option value="">any</option>
          {SEVERITY_WORDS.map((severity) => (
            <option key={severity} value={severity}>
              {severity.toLowerCase()}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor={`${id}-open`}>Open</label>
        <select id={`${id}-open`} value={filter.open ?? ''} onChange={(event) => onChange('open', event.target.value)}>
          <option value="">open and closed</option>
          <option value="true">open</option>
          <option value="false">closed</option>
        </select>
      </div>
      {Object.keys(filter).length > 0 && (
        <button type="button" className="quiet" onClick={onClear}>
          Clear
        </button>
      )}
    </div>
  );
}
