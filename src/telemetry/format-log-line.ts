import colors from 'picocolors';

const LEVELS: Readonly<Record<number, string>> = {
  10: colors.dim('trace'),
  20: colors.dim('debug'),
  30: colors.green('info '),
  40: colors.yellow('warn '),
  50: colors.red('error'),
  60: colors.red('fatal'),
};

const OWN_FIELDS = new Set(['level', 'time', 'msg', 'err']);

function render(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}

function renderError(err: unknown): string[] {
  if (typeof err !== 'object' || err === null) return [];
  const { message, code } = err as { message?: unknown; code?: unknown };
  return [
    ...(message === undefined ? [] : [`error=${render(message)}`]),
    ...(code === undefined ? [] : [`code=${render(code)}`]),
  ];
}

/** One record as one line: `12:03:44 info  recovery started target=release/web`. */
export function formatLogLine(record: Readonly<Record<string, unknown>>): string {
  const time = new Date(Number(record['time'])).toISOString().slice(11, 19);
  const level = LEVELS[Number(record['level'])] ?? String(record['level']);
  const message = typeof record['msg'] === 'string' ? record['msg'].replaceAll('\n', ' | ') : '';
  const fields = Object.entries(record)
    .filter(([key]) => !OWN_FIELDS.has(key))
    .map(([key, value]) => `${colors.dim(`${key}=`)}${render(value)}`);
  return `${[colors.dim(time), level, message, ...fields, ...renderError(record['err'])].filter(Boolean).join(' ')}\n`;
}
