interface SelectFieldProps {
  id: string;
  label: string;
  value: string;
  /** Words by value, in their order. */
  options: Readonly<Record<string, string>>;
  /** The one that the key for filters leads to. */
  isFilter?: boolean;
  onChange: (value: string) => void;
}

export function SelectField({ id, label, value, options, isFilter, onChange }: SelectFieldProps) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        {...(isFilter ? { 'data-filter': '' } : {})}
        onChange={(event) => onChange(event.target.value)}
      >
        {Object.entries(options).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}
