import { pino } from 'pino';
import type { Level, Logger } from 'pino';
import { createRedactor, redactDeep } from './redact.ts';
import type { Redact } from './redact.ts';
import { formatLogLine } from './format-log-line.ts';

export type { Logger };

export interface LoggerOptions {
  level?: Level | 'silent';
  /** `auto`: text on a terminal, JSON otherwise. */
  format?: 'auto' | 'text' | 'json';
  /** Masks every string of a record; the default knows the common shapes of secrets. */
  redact?: Redact;
  /** Where lines go; stderr, since stdout belongs to data. */
  write?: (line: string) => void;
}

/** Masked whatever they hold. */
const SECRET_PATHS = ['password', 'secret', 'token', 'apiKey', 'authorization', 'cookie', 'headers', 'env'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

/** Structured log on stderr, without secrets in paths or in text. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'auto', redact = createRedactor() } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const asText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  const stream = {
    write(line: string): void {
      // Masked after serialising: errors and their causes have become plain text by then.
      const record = redactDeep(JSON.parse(line), redact) as Record<string, unknown>;
      write(asText ? formatLogLine(record) : `${JSON.stringify(record)}\n`);
    },
  };
  return pino({ level, base: undefined, redact: { paths: SECRET_PATHS, censor: '[redacted]' } }, stream);
}
