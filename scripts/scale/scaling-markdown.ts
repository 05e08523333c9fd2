import type { Result } from '../prove/result.ts';
import type { Assumptions } from './assumptions.ts';
import { MeasuredSchema, named, type Measured } from './measured.ts';
import { byNameTable, changesTable, finishedTable, openTable, ratesTable, recoveryTable } from './measured-tables.ts';
import { modelOf } from './model.ts';
import {
  assumptionsTable,
  breaksTable,
  historyTable,
  lastingTable,
  needsTable,
  workerDefaults,
} from './model-tables.ts';
import { slope } from './model-parts.ts';
import { show, showBytes } from './show.ts';

/** The bench itself keeps some processes waiting; what is above that is not its own. */
const BUSY = 2;

function loadOf({ machine: { cores, loadBefore, loadAfter } }: Measured): string {
  const [before = 0, after = 0] = [loadBefore[0], loadAfter[0]];
  const told = `load ${show(before)} before and ${show(after)} after`;
  return Math.max(before, after) > BUSY * cores
    ? `${told}: **the machine was busy with other work**, so times say little here, and those of the clock nothing`
    : told;
}

const heading = ({ at, commit, changed, command, machine, versions }: Result, measured: Measured): string =>
  [
    `- Measured by \`${command}\` on ${at.slice(0, 10)}, commit ${commit}${changed ? ', changed' : ''}`,
    `- Machine: ${String(machine.cores)} cores, ${show(machine.memoryGiB)} GiB of memory, ${machine.os}; ${loadOf(measured)}`,
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ].join('\n');

/** The worker now and then counts as well. */
const countQueriesOf = ({ finished }: Measured): number =>
  Math.floor(Math.min(...finished.map(({ count }) => count.calls['CountWorkflowExecutions'] ?? 0)));

function sentences(measured: Measured, assumed: Assumptions): Record<string, string> {
  const { finished, open, lasting, most, mostOpen = most, machine } = measured;
  const model = modelOf(measured, assumed);
  return {
    most: show(most),
    mostOpen: show(mostOpen),
    cores: String(machine.cores),
    databasePerFinished: showBytes(
      slope(
        finished,
        (level) => level.finished,
        (level) => level.databaseBytes,
      ),
    ),
    databasePerOpen: showBytes(
      slope(
        open,
        (level) => level.open,
        (level) => level.databaseBytes,
      ),
    ),
    cachedKiB: show(model.cachedKiB),
    serverPerOpen: showBytes(
      slope(
        open,
        (level) => level.open,
        (level) => level.serverMiB,
      ) *
        1024 ** 2,
    ),
    recoveriesPerDay: show(assumed.recoveriesPerDay),
    heartbeats: show(lasting.rates.monitor.calls['RecordActivityTaskHeartbeat'] ?? 0),
    monitorActions: show(model.lastingActionsPerDay.monitors),
    recoveryActions: show(model.unit.actions * assumed.recoveriesPerDay),
    workerDefaults,
    countQueries: show(countQueriesOf(measured)),
  };
}

function tables(measured: Measured, assumed: Assumptions): Record<string, string> {
  const { recoveries, lasting } = measured;
  const rolledBack = named(recoveries, 'rollback');
  const columns = [named(recoveries, 'plan-3'), named(recoveries, 'approved'), rolledBack, named(recoveries, 'braked')];
  const made = lasting.changes.map(({ of, cost }) => ({ what: of, cost })).slice(0, 2);
  const all = [...columns, ...made];
  return {
    plans: recoveryTable(measured, 'plan'),
    kinds: recoveryTable(measured, 'kind'),
    calls: byNameTable(
      all.map(({ what, cost }) => ({ what, counts: cost.calls })),
      'call',
    ),
    serverActions: byNameTable(
      all.map(({ what, cost }) => ({ what, counts: cost.serverActions })),
      'counted by the server',
    ),
    finished: finishedTable(measured),
    open: openTable(measured),
    changes: changesTable(measured),
    rates: ratesTable(measured),
    lasting: lastingTable(measured, assumed),
    assumptions: assumptionsTable(assumed),
    needs: needsTable(measured, assumed),
    history: historyTable(measured),
    breaks: breaksTable(measured, assumed),
  };
}

/** The page: the same result, template and assumptions give the same bytes. Throws where the template asks for what is not there. */
export function scalingMarkdown(result: Result, template: string, assumed: Assumptions): string {
  const measured = MeasuredSchema.parse(result.output);
  const known: Record<string, string> = {
    heading: heading(result, measured),
    ...sentences(measured, assumed),
    ...tables(measured, assumed),
  };
  return template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const text = known[name];
    if (text === undefined) throw new Error(`the template asks for ${name}, which nobody makes`);
    return text;
  });
}

/** The part that depends on assumptions, by itself. */
export function modelMarkdown(result: Result, assumed: Assumptions): string {
  const { assumptions, needs, lasting, breaks } = tables(MeasuredSchema.parse(result.output), assumed);
  return [assumptions, needs, lasting, breaks].join('\n\n');
}
