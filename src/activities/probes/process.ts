import { findProcesses } from './list-processes.ts';
import { judge, type Look, type LookAt, type LookUpProcess } from './look.ts';

async function lookAtSupervised(name: string, maxBytes: number | undefined, ask?: LookUpProcess): Promise<Look> {
  if (!ask) return { passed: false, observed: 'a supervised process is looked at on its host: give the probe a host' };
  const { healthy, observed, memoryBytes } = await ask(name);
  if (!healthy) return { passed: false, observed, failureType: 'process' };
  if (memoryBytes === null || maxBytes === undefined) return { passed: true, observed };
  return judge([{ what: 'memory', value: memoryBytes, unit: 'bytes', max: maxBytes }], 'resource_exhaustion');
}

export const lookAtProcess: LookAt<'process'> = async (spec, { signal, processStatus }) => {
  const { minCount, maxMemoryBytes, supervised, ...selector } = spec;
  if (supervised !== undefined) return lookAtSupervised(supervised, maxMemoryBytes, processStatus);
  const found = await findProcesses(selector, signal);
  if (found.length < minCount) {
    const observed = found.length === 0 ? 'no such process' : `${found.length} of ${minCount} processes`;
    return { passed: false, observed, failureType: 'crashed', value: found.length, unit: 'processes' };
  }
  const which = found.length === 1 ? `process ${found[0]?.pid ?? ''}` : `${found.length} processes`;
  const bytes = found.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const { observed, ...verdict } = judge(
    [{ what: 'memory', value: bytes, unit: 'bytes', max: maxMemoryBytes }],
    'resource_exhaustion',
  );
  return { ...verdict, observed: `${which}, ${observed}` };
};
