/** Colours of a terminal hide the borders of words from patterns. */
export const withoutColour = (text: string): string => text.replace(/\u001b\[[\d;]*m/g, '');
