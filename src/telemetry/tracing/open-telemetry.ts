import { hostname } from 'node:os';
import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { Resource } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  makeWorkflowExporter,
} from '@temporalio/interceptors-opentelemetry';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { OpenTelemetrySinks } from '@temporalio/interceptors-opentelemetry/lib/workflow/definitions.js';
import { createContextManager } from './context-manager.ts';
import type { TracingOptions } from './start-tracing.ts';
import { exportWithoutTexts } from './without-texts.ts';

/** A collector that is away must not keep a command from ending. */
const FLUSH_WITHIN_MS = 2000;

export interface Tracing {
  /** For each client, also of the worker. */
  clientInterceptor: WorkflowClientInterceptor;
  activityInterceptor: ActivityInterceptorsFactory;
  sinks: InjectedSinks<OpenTelemetrySinks>;
  /** One span around all that is done within. */
  within: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Sends what has not been sent, for 2 s at most. */
  close: () => Promise<void>;
}

/** Where and how spans go is read from the OTEL_* variables by the exporter itself. */
export function createTracing({ component, version, env = process.env }: TracingOptions): Tracing {
  const resource = new Resource({
    'service.name': env['OTEL_SERVICE_NAME'] || `rerail-${component}`,
    'service.version': version,
    'host.name': hostname(),
  });
  const processor = new BatchSpanProcessor(exportWithoutTexts(new OTLPTraceExporter()));
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ contextManager: createContextManager() });
  const tracer = provider.getTracer('rerail');
  return {
    clientInterceptor: new OpenTelemetryWorkflowClientInterceptor(),
    activityInterceptor: (activity) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(activity),
      outbound: {
        getLogAttributes: (input, next) =>
          new OpenTelemetryActivityOutboundInterceptor(activity).getLogAttributes(input, next),
      },
    }),
    sinks: { exporter: makeWorkflowExporter(processor, resource) },
    within: (name, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work();
        } finally {
          span.end();
        }
      }),
    async close() {
      const limit = new Promise<void>((resolve) => setTimeout(resolve, FLUSH_WITHIN_MS).unref());
      // What could not be sent is lost; there is nobody to tell at this point.
      await Promise.race([provider.shutdown().catch(() => undefined), limit]);
      for (const registered of [trace, context, propagation]) registered.disable();
    },
  };
}
