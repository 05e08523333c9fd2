import { plainText, tableRow } from '../../src/domain/markdown-text.ts';
import { drillTables } from './drill-tables.ts';
import { PART_NAMES, PARTS, type PartName } from './parts.ts';
import type { Result } from './result.ts';
import type { Row } from './rows.ts';

export type Results = Partial<Record<PartName, Result>>;
export type Verdict = 'met' | 'missed' | 'measured' | 'not measured' | 'failed';

export interface ReadRow {
  row: Row;
  verdict: Verdict;
  figure: string;
  n?: number;
  result?: Result;
}

const LONGEST = 300;
const NOTHING = 'nothing has measured it';

const lastLine = (text = ''): string => text.trim().split('\n').at(-1) ?? '';

/** What the results say of a row, and nothing else. */
export function readRow(row: Row, results: Results): ReadRow {
  const result = row.part && results[row.part];
  if (!row.read || !result) return { row, verdict: 'not measured', figure: NOTHING };
  if (result.output === undefined) {
    const figure = `exit code ${result.exitCode}: ${lastLine(result.said)}`.slice(0, LONGEST);
    return { row, verdict: 'failed', figure, result };
  }
  try {
    const reading = row.read(result.output);
    if (!reading) return { row, verdict: 'not measured', figure: NOTHING };
    const { figure, n, holds } = reading;
    const verdict = holds === undefined ? 'measured' : holds ? 'met' : 'missed';
    return { row, verdict, figure: figure.slice(0, LONGEST), result, ...(n === undefined ? {} : { n }) };
  } catch (error) {
    const why = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    return { row, verdict: 'failed', figure: `its output is not as expected: ${why}`.slice(0, LONGEST), result };
  }
}

const MARKS: Record<Verdict, string> = {
  met: 'met',
  measured: 'measured',
  missed: '**missed**',
  failed: '**failed**',
  'not measured': 'not measured',
};

const day = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;
const commitOf = ({ commit, changed }: Result): string => (changed ? `${commit}, changed` : commit);

function rowLine({ row, verdict, figure, n, result }: ReadRow): string {
  const command = result ? `\`${result.command}\`` : row.part ? `\`${PARTS[row.part].command}\`` : '';
  const cells = [row.requirement, row.what, row.objective, figure, n === undefined ? '' : String(n)].map(plainText);
  return tableRow(...cells, MARKS[verdict], command, result ? `${result.at.slice(0, 10)}, ${commitOf(result)}` : '');
}

function header(all: readonly Result[]): string[] {
  const newest = [...all].sort((a, b) => a.at.localeCompare(b.at)).at(-1);
  if (!newest) return ['Nothing has been measured yet: `npm run prove`.'];
  const { machine, versions } = newest;
  return [
    `- Newest measurement: ${day(newest.at)}, commit ${commitOf(newest)}`,
    `- Machine: ${machine.cores} cores, ${machine.memoryGiB} GiB of memory, ${machine.os}`,
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
}

const partLine = (name: PartName, result: Result | undefined): string =>
  result
    ? tableRow(
        ...[name, `\`${result.command}\``, day(result.at), commitOf(result), `${result.seconds} s`],
        ...[String(result.machine.loadBefore), String(result.exitCode)],
      )
    : tableRow(name, `\`${PARTS[name].command}\``, 'not run', '', '', '', '');

/** RESULTS.md: the same results give the same bytes. */
export function resultsMarkdown(rows: readonly Row[], results: Results): string {
  const read = rows.map((row) => readRow(row, results));
  const counted = (['met', 'missed', 'failed', 'measured', 'not measured'] as const)
    .map((verdict) => `${read.filter((one) => one.verdict === verdict).length} ${verdict}`)
    .join(', ');
  return [
    '# Results',
    '',
    'Made by `npm run prove` from what its commands have printed, which is kept in `docs/results`; nothing is written by hand.',
    'A bar that is missed stays here, and so does a row that nothing has measured.',
    '',
    ...header(PART_NAMES.flatMap((name) => results[name] ?? [])),
    `- Rows: ${counted}`,
    '',
    tableRow('requirement', 'what', 'objective', 'measured', 'n', 'verdict', 'measured by', 'when, commit'),
    tableRow(...Array.from({ length: 8 }, () => '---')),
    ...read.map(rowLine),
    ...drillTables(results.drills?.output),
    '',
    '## Commands',
    '',
    'Load is that of the machine in the minute before: above 0.5 for each core the figures are those of a busy machine.',
    '',
    tableRow('part', 'command', 'when', 'commit', 'took', 'load before', 'exit code'),
    tableRow(...Array.from({ length: 7 }, () => '---')),
    ...PART_NAMES.map((name) => partLine(name, results[name])),
    '',
  ].join('\n');
}
