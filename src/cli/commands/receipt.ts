import type { Command } from 'commander';
import { buildReceipt } from '../../domain/receipt.ts';
import { RerailError } from '../../domain/errors.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { verifyReceipt } from '../../domain/verify-receipt.ts';
import { openContext, withClient } from '../context.ts';
import { renderReport } from '../output/render.ts';
import { reportMarkdown } from '../../domain/report-markdown.ts';
import type { Output } from '../output/output.ts';
import { readReceipt, readSignKey, RECEIPT_CRYPTO, writeReceipt } from '../receipt-files.ts';

interface ReportOptions {
  run?: string;
  markdown?: boolean;
  receipt?: string;
  signKeyFile?: string;
}

async function giveReceipt(
  report: RecoveryReport,
  file: string,
  signKey: string | undefined,
  output: Output,
): Promise<void> {
  const text = buildReceipt(report, RECEIPT_CRYPTO, signKey);
  if (file === '-') return output.raw(text);
  await writeReceipt(file, text);
  const { lastHash, entries } = JSON.parse(text.slice(0, text.indexOf('\n'))) as { lastHash: string; entries: number };
  const made = { file, entries, lastHash, signed: signKey !== undefined };
  output.value(made, () => `${file}: ${entries} entries, ${made.signed ? 'signed, ' : ''}last hash ${lastHash}`);
}

async function report(id: string, options: ReportOptions, command: Command): Promise<void> {
  const { markdown, receipt, signKeyFile } = options;
  if (signKeyFile !== undefined && receipt === undefined) {
    throw new RerailError('invalid-input', '--sign-key-file goes with --receipt', { remedy: 'Give both or neither.' });
  }
  if (markdown && receipt !== undefined) {
    throw new RerailError('invalid-input', '--markdown and --receipt exclude each other', { remedy: 'Ask twice.' });
  }
  const signKey = signKeyFile === undefined ? undefined : await readSignKey(signKeyFile);
  const context = await openContext(command);
  const { output } = context;
  await withClient(context, async (recoveries) => {
    const found = await recoveries.getHandle(id, options.run).report();
    if (receipt !== undefined) return giveReceipt(found, receipt, signKey, output);
    if (markdown) return output.raw(reportMarkdown(found));
    output.value(found, () => renderReport(output.paint, found));
  });
}

async function verify(file: string, { signKeyFile }: { signKeyFile?: string }, command: Command): Promise<void> {
  const { output } = await openContext(command);
  const signKey = signKeyFile === undefined ? undefined : await readSignKey(signKeyFile);
  const verdict = verifyReceipt(await readReceipt(file), { ...RECEIPT_CRYPTO, signKey });
  if (!verdict.ok) {
    const { line, entry, problem } = verdict;
    throw new RerailError('receipt-broken', `${file}:${line}: ${entry}: ${problem}`, {
      remedy: 'Do not rely on it from there on: get it anew with `rerail recovery report --receipt`.',
      details: { line, entry, problem },
      nonRetryable: true,
    });
  }
  const { head, signature } = verdict;
  const { recoveryId, runId, entries, lastHash } = head;
  const said = {
    valid: 'signed with this key',
    'not checked': 'signed, not checked without --sign-key-file',
    none: 'not signed',
  };
  output.value(
    { ok: true, recoveryId, runId, entries, lastHash, signature },
    () =>
      `${file} is whole: ${recoveryId}, run ${runId}, ${entries} entries, ${said[signature]}, last hash ${lastHash}`,
  );
}

export function addRecoveryReport(recovery: Command): void {
  recovery
    .command('report <recovery>')
    .description('This command will print the report of a closed recovery, or write a receipt that can be checked.')
    .option('--run <runId>', 'an earlier recovery of the target')
    .option('--markdown', 'as Markdown: the draft of a post-mortem')
    .option('--receipt <file>', 'write the hash-chained receipt to a new file; - for stdout')
    .option('--sign-key-file <file>', 'sign the receipt with the key in this file')
    .addHelpText('after', '\nExample:\n  $ rerail recovery report recovery/release/web --receipt web.receipt.jsonl')
    .action(report);
}

export function addReceiptCommands(program: Command): void {
  program
    .command('receipt')
    .description('Check receipts of recoveries, without a server.')
    .command('verify <file>')
    .description('This command will check a receipt byte by byte and name the first entry that does not fit.')
    .option('--sign-key-file <file>', 'check the signature with the key in this file')
    .addHelpText('after', '\nExample:\n  $ rerail receipt verify web.receipt.jsonl')
    .action(verify);
}
