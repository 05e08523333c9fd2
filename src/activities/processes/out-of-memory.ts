import { readFileSync } from 'node:fs';

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** How often the kernel has killed for want of memory: in this control group, else on the whole machine. Undefined: unknown. */
export function countOomKills(): { where: string; count: number } | undefined {
  const group = /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  const events = group === undefined ? '' : read(`/sys/fs/cgroup${group}/memory.events`);
  const inGroup = /^oom_kill (\d+)$/m.exec(events)?.[1];
  if (inGroup !== undefined) return { where: 'this control group', count: Number(inGroup) };
  const onMachine = /^oom_kill (\d+)$/m.exec(read('/proc/vmstat'))?.[1];
  return onMachine === undefined ? undefined : { where: 'this machine', count: Number(onMachine) };
}

/** Resident memory, in bytes; 0 for one that is gone. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}
