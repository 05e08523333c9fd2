import pc from 'picocolors';
import { isRerailError, messageOf } from '../../domain/errors.ts';

export const FORMATS = ['text', 'json', 'jsonl', 'none'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputOptions {
  format: Format;
  color: 'auto' | 'always' | 'never';
  stdout?: NodeJS.WritableStream;
  stderr?: NodeJS.WritableStream & { isTTY?: boolean };
}

export type Paint = ReturnType<typeof pc.createColors>;

/** The only place that prints: data to stdout, all else to stderr. */
export function createOutput(options: OutputOptions) {
  const { format, stdout = process.stdout, stderr = process.stderr } = options;
  const paint =
    options.color === 'auto' ? pc.createColors(pc.isColorSupported) : pc.createColors(options.color === 'always');
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
