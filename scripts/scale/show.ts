const DIGITS = 3;

/** Three digits that count, and commas between thousands. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(DIGITS));
  const [whole = '', fraction] = String(Math.abs(rounded) < 1e-6 ? 0 : rounded).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** A count as it was counted, with one digit behind the point. */
export const showCount = (value: number): string => {
  const [whole = '', fraction = '0'] = value.toFixed(1).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === '0' ? grouped : `${grouped}.${fraction}`;
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

export function showBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${show(bytes / 1000 ** power)} ${UNITS[power] ?? ''}`;
}
