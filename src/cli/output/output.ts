import pc from 'picocolors';
import { formatMs } from '../../domain/duration.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';

export const FORMATS = ['text', 'json', 'jsonl', 'none'] as const;
export type Format = (typeof FORMATS)[number];

export const TIME_FORMATS = ['relative', 'iso', 'raw'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

export interface OutputOptions {
  format: Format;
  /** Default: `relative` on a terminal, `iso` elsewhere. */
  timeFormat?: TimeFormat;
  color: 'auto' | 'always' | 'never';
  stdout?: NodeJS.WritableStream;
  stderr?: NodeJS.WritableStream & { isTTY?: boolean };
}

/** Colours, and how moments are written; a JSON result always holds them as ISO 8601. */
export type Paint = ReturnType<typeof pc.createColors> & { time: (iso: string) => string };

function formatTime(iso: string, format: TimeFormat): string {
  if (format === 'iso') return iso;
  const at = Date.parse(iso);
  if (format === 'raw') return String(at);
  const away = Date.now() - at;
  return away >= 0 ? `${formatMs(away)} ago` : `in ${formatMs(-away)}`;
}

/** The only place that prints: data to stdout, all else to stderr. */
export function createOutput(options: OutputOptions) {
  const { format, stdout = process.stdout, stderr = process.stderr } = options;
  const timeFormat = options.timeFormat ?? (process.stdout.isTTY ? 'relative' : 'iso');
  const paint: Paint = {
    ...pc.createColors(options.color === 'auto' ? pc.isColorSupported : options.color === 'always'),
    time: (iso) => formatTime(iso, timeFormat),
  };
  const line = (text: string): void => void stdout.write(`${text}\n`);
  return {
    format,
    paint,
    isInteractive: process.stdin.isTTY === true && stderr.isTTY === true && format === 'text',
    /** One result: text for people, or the value itself. */
    value(value: unknown, text: () => string): void {
      if (format === 'text') line(text());
      else if (format === 'json') line(JSON.stringify(value, null, 2));
      else if (format === 'jsonl') line(JSON.stringify(value));
    },
    /** A document that is the same in every format: not a byte is added. */
    raw(text: string): void {
      if (format !== 'none') stdout.write(text);
    },
    /** A list: one line each in `jsonl`. */
    list(values: readonly unknown[], text: () => string): void {
      if (format === 'jsonl') for (const value of values) line(JSON.stringify(value));
      else this.value(values, text);
    },
    /** An event of a long work: only in text and `jsonl`. */
    event(value: unknown, text: () => string): void {
      if (format === 'text') line(text());
      else if (format === 'jsonl') line(JSON.stringify(value));
    },
    /** For people, not part of the result. */
    info(text: string): void {
      stderr.write(`${text}\n`);
    },
    /** One line of a terminal that is written over; an empty text takes it away. */
    progress(text: string): void {
      stderr.write(`\r\u001B[K${text}`);
    },
    error(error: unknown): void {
      const known = isRerailError(error);
      const head = known ? error.code : 'unexpected';
      stderr.write(`${paint.red('error')} ${paint.dim(`[${head}]`)} ${messageOf(error)}\n`);
      if (known && error.remedy) stderr.write(`${paint.dim('  →')} ${error.remedy}\n`);
      if (!known && error instanceof Error && process.env['RERAIL_DEBUG']) stderr.write(`${error.stack ?? ''}\n`);
    },
  };
}

export type Output = ReturnType<typeof createOutput>;
