/** The regular expression for a pattern in which `*` stands for any characters. */
export function wildcardPattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`, 's');
}

/** What is absent fits no pattern. */
export function fitsWildcard(pattern: string, text: string | undefined): boolean {
  return text !== undefined && wildcardPattern(pattern).test(text);
}
