import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { findFreePort } from '../../src/embedded/ports.ts';

const SampleSchema = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]).transform(([, value]) => Number(value)),
});
const AnswerSchema = z.object({
  status: z.string(),
  data: z.object({ result: z.array(SampleSchema) }).optional(),
  error: z.string().optional(),
});
const AlertsSchema = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()),
        state: z.string(),
      }),
    ),
  }),
});

export interface PrometheusOptions {
  /** For its configuration and data. */
  folder: string;
  config: string;
  /** Ports that others are going to listen on. */
  taken?: number[];
}

/** A real one, which answers as soon as it does. */
export async function startPrometheus({ folder, config, taken = [] }: PrometheusOptions) {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'prometheus.yml'), config);
  const address = `127.0.0.1:${await findFreePort(0, taken)}`;
  const child = spawn(
    'prometheus',
    [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${address}`],
    { stdio: 'ignore' },
  );
  const ask = async (what: string): Promise<unknown> => (await fetch(`http://${address}/api/v1/${what}`)).json();
  return {
    async query(expr: string): Promise<z.infer<typeof SampleSchema>[]> {
      const { status, data, error } = AnswerSchema.parse(await ask(`query?query=${encodeURIComponent(expr)}`));
      if (status !== 'success') throw new Error(`${expr}: ${error ?? ''}`);
      return data?.result ?? [];
    },
    alerts: async () => AlertsSchema.parse(await ask('alerts')).data.alerts,
    async stop(): Promise<void> {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
