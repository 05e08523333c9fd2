import { isClean, WRONGS, type Row } from './account.ts';

const COLUMNS = ['faults', 'recoveries', ...WRONGS] as const;

const sum = (rows: readonly Row[], column: (typeof COLUMNS)[number]): number =>
  rows.reduce((total, row) => total + row[column], 0);

export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.experiment,
    ...COLUMNS.map((column) => (row.skipped === undefined ? String(row[column]) : '-')),
    row.skipped === undefined ? (isClean(row) ? 'holds' : 'BROKEN') : `not run: ${row.skipped}`,
  ]);
  const total = ['total', ...COLUMNS.map((column) => String(sum(rows, column))), ''];
  const lines = [['experiment', ...COLUMNS, ''], ...cells, total];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const show = (line: string[]): string =>
    line
      .map((cell, column) => {
        if (column === 0) return cell.padEnd(widths[0] ?? 0);
        return column === line.length - 1 ? cell : cell.padStart(widths[column] ?? 0);
      })
      .join('  ')
      .trimEnd();
  const violations = rows.flatMap(({ experiment, seed, violations: texts }) =>
    texts.map((text) => `${experiment} (--only ${experiment} --seed ${seed}): ${text}`),
  );
  return [...lines.map(show), ...(violations.length > 0 ? ['', ...violations] : [])].join('\n');
}

export interface Verdict {
  seed: number;
  short: boolean;
  allowMissing: boolean;
}

/** The document of `-o json`. */
export function documentOf(rows: readonly Row[], { seed, short, allowMissing }: Verdict) {
  const holds = rows.every((row) => isClean(row) || (allowMissing && row.skipped !== undefined));
  const total = Object.fromEntries(COLUMNS.map((column) => [column, sum(rows, column)]));
  return { seed, short, holds, experiments: rows, total };
}
