import type { Tracing } from './open-telemetry.ts';

export type { Tracing };

export interface TracingOptions {
  component: 'cli' | 'worker' | 'api';
  version: string;
  env?: NodeJS.ProcessEnv;
}

/** Tracing is on where the usual variables of OpenTelemetry say where traces go. */
export function isTracingOn(env: NodeJS.ProcessEnv = process.env): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  return Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']);
}

/** Undefined where tracing is off; OpenTelemetry is not even loaded then. Once per process. */
export async function startTracing(options: TracingOptions): Promise<Tracing | undefined> {
  if (!isTracingOn(options.env)) return undefined;
  const { createTracing } = await import('./open-telemetry.ts');
  return createTracing(options);
}
