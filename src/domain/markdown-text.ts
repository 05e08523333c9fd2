/** One line of plain text: what is quoted must not become a heading, a link, a cell or HTML. */
export const plainText = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_{}[\]<>|#~]/g, (sign) => `\\${sign}`);

export const tableRow = (...cells: string[]): string => `| ${cells.join(' | ')} |`;

/** Nothing where there is nothing to say. */
export const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
