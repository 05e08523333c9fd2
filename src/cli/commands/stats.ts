import { Option, type Command } from 'commander';
import { formatMs } from '../../domain/duration.ts';
import type { Spread, TrackRecord } from '../../domain/knowledge.ts';
import { openContext, withClient } from '../context.ts';
import { parseDuration } from '../follow.ts';
import { renderTable } from '../output/table.ts';
import { parseLimit } from '../parse-limit.ts';

const NO_DATA = 'no data';
const percent = ({ successRate }: TrackRecord): string =>
  successRate === undefined ? NO_DATA : `${Math.round(successRate * 100)} %`;
const times = (spread: Spread | undefined): string[] =>
  spread ? [spread.p50, spread.p90, spread.max].map(formatMs) : ['', '', ''];

interface StatsOptions {
  by: 'playbook' | 'failureType' | 'status';
  since?: string;
  limit: string;
}

async function stats({ by, since, limit }: StatsOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const from = since === undefined ? undefined : new Date(Date.now() - parseDuration(since, '--since'));
  await withClient(context, async ({ knowledge }) => {
    const found = await knowledge.statistics({ by, limit: parseLimit(limit), ...(from ? { since: from } : {}) });
    const { output } = context;
    output.value(found, () =>
      found.read === 0
        ? 'No recoveries have closed.'
        : renderTable(
            output.paint,
            [by, 'n', 'helped', 'p50', 'p90', 'max', 'waited for people p50'],
            [...found.groups, { key: 'all', record: found.all, humanWait: undefined }].map(
              ({ key, record, humanWait }) => [
                key,
                String(record.n),
                percent(record),
                ...times(record.time),
                humanWait ? formatMs(humanWait.p50) : '',
              ],
            ),
          ),
    );
  });
}

export function addStatsCommand(program: Command): void {
  program
    .command('stats')
    .description('This command will show how recoveries have gone: how often they helped, and how fast.')
    .addOption(
      new Option('--by <what>', 'a row for each').choices(['playbook', 'failureType', 'status']).default('playbook'),
    )
    .option('--since <duration>', 'closed within this time, such as "7 days"')
    .option('--limit <n>', 'of the newest at most so many', '1000')
    .addHelpText('after', '\nExample:\n  $ rerail stats --by failureType --since "7 days"')
    .action(stats);
}
