import path from 'node:path';
import type { Command } from 'commander';
import { Document } from 'yaml';
import { drillFromReport, type DraftedDrill } from '../../domain/drill-from-report.ts';
import { DrillSchema } from '../../domain/drill.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { createRedactor, redactDeep } from '../../telemetry/redact.ts';
import { writeNew } from '../write-new.ts';
import { openContext, withClient } from '../context.ts';

interface FromOptions {
  out?: string;
  run?: string;
}

const NOT_REPEATABLE: readonly RecoveryReport['status'][] = ['cancelled'];

/** The document with what could not be taken over in comments, checked by the schema. Secrets are masked. */
export function draftDrill(report: RecoveryReport): { text: string } & DraftedDrill {
  if (NOT_REPEATABLE.includes(report.status))
    throw new RerailError(
      'action-not-applicable',
      `${report.workflowId} was ${report.status}: there is no end to repeat`,
      {
        remedy: 'Take a recovery that came to an end of its own.',
        nonRetryable: true,
      },
    );
  const drafted = redactDeep(drillFromReport(report), createRedactor()) as DraftedDrill;
  parseInput(DrillSchema, drafted.document, 'the drill');
  const document = new Document(drafted.document);
  document.commentBefore = [
    ` From ${report.workflowId}, run ${report.runId}.`,
    ...drafted.notes.map((note) => ` - ${note}`),
  ]
    .map((line) => line.replaceAll('\n', ' '))
    .join('\n');
  return { ...drafted, text: document.toString({ lineWidth: 140 }) };
}

async function from(id: string, { out, run }: FromOptions, command: Command): Promise<void> {
  const context = await openContext(command);
  const { output } = context;
  const report = await withClient(context, (recoveries) => recoveries.getHandle(id, run).report());
  const { text, document, notes } = draftDrill(report);
  if (out === undefined) return output.value({ document, notes }, () => text.trimEnd());
  const file = path.resolve(out);
  await writeNew(file, text, 'Choose another name with --out');
  output.value({ file, document, notes }, () =>
    [`Wrote ${file}.`, ...notes.map((note) => `- ${note}`), `Next: rerail drill run ${out}`].join('\n'),
  );
}

export function addFromCommand(drill: Command): void {
  drill
    .command('from')
    .argument('<recovery>', 'a recovery that has ended, by id or target')
    .option('--out <file>', 'where to write it; default: print it')
    .option('--run <id>', 'an earlier execution; default: the newest')
    .description(
      'This command will write a drill that fails as a recovery did and wants it to go as it went then: a script in a\nsandbox says what was recorded.',
    )
    .addHelpText('after', '\nExample:\n  $ rerail drill from recovery/release/web --out drills/release-web.yaml')
    .action(from);
}
