/** Takes text and returns it with secrets masked. Never throws; masking twice changes nothing. */
export type Redact = (text: string) => string;

export const MASK = '[redacted]';

interface SecretShape {
  pattern: RegExp;
  /** What stays: the part that says what was there. */
  keep?: (...groups: string[]) => string;
}

const keepFirst = (first: string): string => `${first}${MASK}`;

/** Patterns of linear cost only: they run over whatever a failing command printed. */
const SHAPES: readonly SecretShape[] = [
  { pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g },
  { pattern: /\b((?:https?|wss?):\/\/)[^\s/@?#"'<>]+(?=@)/gi, keep: keepFirst },
  { pattern: /\b([a-z][a-z0-9+.-]{1,30}:\/\/[^\s/@:"'<>]*:)[^\s/"'<>]+(?=@)/gi, keep: keepFirst },
  { pattern: /\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b/g },
  { pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,})/g },
  { pattern: /\bxox[a-z]-[A-Za-z0-9-]{10,}/g },
  { pattern: /\bnpm_[A-Za-z0-9]{20,}/g },
  { pattern: /\b(?:sk|rk|pk)[-_](?:live|test|ant|proj)[-_][\w-]{10,}/g },
  { pattern: /\bAIza[\w-]{30,}/g },
  { pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g },
  { pattern: /\b((?:Bearer|Basic)\s{1,3})(?=\S{0,60}\d|\S{20})[\w.~+/=-]{6,}/gi, keep: keepFirst },
  {
    pattern:
      /((?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w-]{0,20}["']?\s{0,3}[=:]\s{0,3}["'])[^"'\r\n]+/gi,
    keep: keepFirst,
  },
  {
    pattern:
      /((?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[\w-]{0,20}["']?\s{0,3}[=:]\s{0,3})[^\s"',;&)}\]]+/gi,
    keep: keepFirst,
  },
  { pattern: /(token["']?\s{0,3}=\s{0,3}["']?)[^\s"',;&)}\]]+/gi, keep: keepFirst },
  { pattern: /(token["']?\s{0,3}:\s{0,3}["']?)[\w.~+/=-]{8,}/gi, keep: keepFirst },
  { pattern: /(--(?:password|passwd|token|secret|api-key)\s{1,3})[^\s"'-][^\s"']*/gi, keep: keepFirst },
];

/** Shorter ones would mask half of any text, and protect nothing. */
const SHORTEST_SECRET = 4;

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function shapeOfValues(secrets: readonly string[]): SecretShape[] {
  const lines = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]).map((secret) => secret.trim());
  const values = [...new Set([...secrets, ...lines])].filter(
    (value) => value.length >= SHORTEST_SECRET && !MASK.includes(value),
  );
  if (values.length === 0) return [];
  const longestFirst = values.toSorted((a, b) => b.length - a.length);
  return [{ pattern: new RegExp(longestFirst.map(escape).join('|'), 'g') }];
}

function applyShape(text: string, { pattern, keep }: SecretShape): string {
  return text.replace(pattern, (_match, ...groups: string[]) => (keep ? keep(...groups) : MASK));
}

/** Masks are left alone, so that each round has less to look at and the last one finds nothing. */
function maskOnce(text: string, shapes: readonly SecretShape[]): string {
  return shapes.reduce(
    (masked, shape) =>
      masked
        .split(MASK)
        .map((part) => applyShape(part, shape))
        .join(MASK),
    text,
  );
}

/** Masks the given values, and what looks like a secret whoever it belongs to. */
export function createRedactor(secrets: readonly string[] = []): Redact {
  const shapes = [...shapeOfValues(secrets), ...SHAPES];
  return (text) => {
    let masked = String(text);
    for (;;) {
      const next = maskOnce(masked, shapes);
      if (next === masked) return masked;
      masked = next;
    }
  };
}

/** The same value with every string in it masked. */
export function redactDeep(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, redact)]));
}
