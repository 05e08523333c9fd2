import ms, { type StringValue } from 'ms';
import { z } from 'zod';

const UNITS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Adds up a compound such as `1h30m`, so that the error can say how to write it. */
function sumCompound(text: string): string | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)/gi)];
  if (parts.length < 2 || parts.map((part) => part[0]).join('') !== text.replace(/\s+/g, '')) return undefined;
  const total = parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2]!.toLowerCase()] ?? 0), 0);
  for (const unit of ['h', 'm', 's'] as const) {
    if (total % UNITS[unit]! === 0) return `${total / UNITS[unit]!}${unit}`;
  }
  return `${total}ms`;
}

function explain(text: string): string {
  const hint = sumCompound(text);
  const remedy = hint ? `write "${hint}"` : 'write one number with one unit, such as "90s", "5m" or "2 hours"';
  return `"${text.slice(0, 100)}" is not a duration: ${remedy}`;
}

/** Temporal's own notation, one number and one unit; compounds such as `1h30m` are refused with a hint. */
export const DurationSchema = z
  .string()
  .superRefine((text, context) => {
    // `ms` throws at what is longer than this.
    const refused = text.trim() === '' || text.length > 100 || /^-?[\d.]+$/.test(text.trim());
    const value = refused ? Number.NaN : ms(text as StringValue);
    if (!Number.isFinite(value) || value < 0) context.addIssue({ code: 'custom', message: explain(text) });
  })
  .transform((text) => text as StringValue);
