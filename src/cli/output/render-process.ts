import { formatMs } from '../../domain/duration.ts';
import { describeEnding, type ProcessStatus } from '../../domain/process.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

export function renderProcesses(paint: Paint, processes: readonly ProcessStatus[]): string {
  if (processes.length === 0) return paint.dim('No component has a process, and none was started here.');
  const rows = processes.map(({ name, state, healthy, pid, uptimeMs, memoryBytes, restarts }) => [
    name,
    healthy ? state : paint.red(state),
    pid === null ? '' : String(pid),
    uptimeMs === null ? '' : formatMs(uptimeMs),
    memoryBytes === null ? '' : `${Math.round(memoryBytes / 1e6)} MB`,
    String(restarts),
  ]);
  return renderTable(paint, ['name', 'state', 'pid', 'time', 'memory', 'restarts'], rows);
}

export function renderProcess(paint: Paint, status: ProcessStatus): string {
  const { name, healthy, observed, ending, stopRequest, restarts, startLimitBurst, lastLines } = status;
  return [
    `${paint.bold(name)}: ${healthy ? observed : paint.red(observed)}`,
    ...(ending === null ? [] : [`ended ${ending.at ?? 'at an unknown time'}: ${describeEnding(ending)}`]),
    ...(stopRequest === null ? [] : [`asked for by ${stopRequest.by} at ${stopRequest.at}`]),
    ...(startLimitBurst === 0 ? [] : [`restarts that count: ${restarts} of ${startLimitBurst}`]),
    ...(lastLines.length === 0 ? [] : ['last output:', ...lastLines.map((line) => `  ${line}`)]),
  ].join('\n');
}
