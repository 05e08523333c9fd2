import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { findProcesses } from './list-processes.ts';
import { judge, type LookAt } from './look.ts';

const DEFAULT_MAX_PERCENT = 85;

/** What can still be had without swapping: what Linux could free at once counts as free. */
async function readMemory(): Promise<{ total: number; available: number }> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const total = field('MemTotal');
  return total > 0 ? { total, available: field('MemAvailable') } : { total: totalmem(), available: freemem() };
}

export const lookAtMemory: LookAt<'memory'> = async (spec, { signal }) => {
  const { maxBytes, minFreeBytes, process: selector } = spec;
  const { total, available } = await readMemory();
  let used = total - available;
  if (selector) {
    const found = await findProcesses(selector, signal);
    if (found.length === 0) return { passed: false, observed: 'no such process', failureType: 'crashed' };
    used = found.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }
  const isOpen = maxBytes === undefined && minFreeBytes === undefined;
  const maxPercent = spec.maxPercent ?? (isOpen ? DEFAULT_MAX_PERCENT : undefined);
  return judge(
    [
      { what: 'memory used', value: (used / total) * 100, unit: '%', max: maxPercent },
      ...(maxBytes === undefined ? [] : [{ what: 'memory used', value: used, unit: 'bytes', max: maxBytes }]),
      ...(minFreeBytes === undefined
        ? []
        : [{ what: 'memory available', value: available, unit: 'bytes', min: minFreeBytes }]),
    ],
    'resource_exhaustion',
  );
};
