import { Option, type Command } from 'commander';
import { RerailError } from '../../domain/errors.ts';
import { MomentSchema } from '../../domain/moment.schema.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { toMs } from '../../domain/duration.ts';
import { periodReportHtml } from '../../domain/period-report-html.ts';
import { periodReportMarkdown } from '../../domain/period-report-markdown.ts';
import type { PeriodReport } from '../../domain/period-report.ts';
import { openContext, withClient } from '../context.ts';
import { parseLimit } from '../parse-limit.ts';
import { writeOut } from '../write-out.ts';

const RENDERINGS = {
  markdown: periodReportMarkdown,
  html: periodReportHtml,
  json: (report: PeriodReport): string => `${JSON.stringify(report, null, 2)}\n`,
};

interface ReportOptions {
  from?: string;
  to?: string;
  format?: keyof typeof RENDERINGS;
  out?: string;
  limit: string;
}

/** A day, a moment, or how long ago. */
function parseMoment(text: string | undefined, flag: string, now: number): Date | undefined {
  if (text === undefined) return undefined;
  if (MomentSchema.safeParse(text).success) return new Date(text);
  const ago = DurationSchema.safeParse(text);
  if (ago.success) return new Date(now - toMs(ago.data));
  throw new RerailError('invalid-input', `${flag}: "${text.slice(0, 100)}" is neither a day, a moment nor a duration`, {
    remedy: 'Write for example 2026-01-31, 2026-01-31T12:00:00Z or "7 days", which is so long ago.',
    nonRetryable: true,
  });
}

async function report({ from, to, format, out, limit }: ReportOptions, command: Command): Promise<void> {
  const now = Date.now();
  const begin = parseMoment(from, '--from', now);
  const end = parseMoment(to, '--to', now);
  const most = parseLimit(limit);
  const context = await openContext(command);
  const { output } = context;
  const wanted = format ?? (output.format === 'json' || output.format === 'jsonl' ? 'json' : 'markdown');
  await withClient(context, async ({ periodReport }) => {
    const found = await periodReport({
      limit: most,
      ...(begin ? { from: begin } : {}),
      ...(end ? { to: end } : {}),
    });
    const text = RENDERINGS[wanted](found);
    if (out === undefined) return output.raw(text);
    await writeOut('--out', out, text);
    const { recoveries, drills } = found.read;
    output.value(
      { file: out, format: wanted, recoveries, drills },
      () => `${out}: ${recoveries} recoveries and ${drills} drills, as ${wanted}.`,
    );
  });
}

export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description(
      'This command will report on a period: objectives beside measured times, where the time went, errors and drills.',
    )
    .option('--from <when>', 'closed since then: a day, a moment, or so long ago; default: 30 days before --to')
    .option('--to <when>', 'and before then; default: now')
    .addOption(new Option('--format <format>', 'default: markdown').choices(['markdown', 'html', 'json']))
    .option('--out <file>', 'write it to this file, in place of what is there')
    .option('--limit <n>', 'of the newest recoveries and drills at most so many', '1000')
    .addHelpText(
      'after',
      '\nExample:\n  $ rerail report --from 2026-01-01 --to 2026-02-01 --format html --out january.html',
    )
    .action(report);
}
