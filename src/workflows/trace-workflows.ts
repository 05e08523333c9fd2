import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/** Where the interceptors of Temporal carry the context of a trace. */
const TRACE_HEADER = '_tracer-data';

/** Loaded when it is needed only: it would make every workflow slower to begin. The bundle has it in any case. */
async function load() {
  const traced = await import('@temporalio/interceptors-opentelemetry/lib/workflow/index.js');
  return {
    inbound: new traced.OpenTelemetryInboundInterceptor(),
    outbound: new traced.OpenTelemetryOutboundInterceptor(),
    internals: new traced.OpenTelemetryInternalsInterceptor(),
  };
}

/**
 * Traces a workflow when its start carries a trace, and does nothing otherwise. The header is part of the history, so a
 * history replays the same whether tracing is on or off by then (docs/decisions/0015).
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let tracing: Awaited<ReturnType<typeof load>> | undefined;
  return {
    inbound: [
      {
        execute(input, next) {
          if (!(TRACE_HEADER in input.headers)) return next(input);
          return load().then((loaded) => {
            tracing = loaded;
            return loaded.inbound.execute(input, next);
          });
        },
        handleSignal: (input, next) => (tracing ? tracing.inbound.handleSignal(input, next) : next(input)),
        handleUpdate: (input, next) => (tracing ? tracing.inbound.handleUpdate(input, next) : next(input)),
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => (tracing ? tracing.outbound.scheduleActivity(input, next) : next(input)),
        scheduleLocalActivity: (input, next) =>
          tracing ? tracing.outbound.scheduleLocalActivity(input, next) : next(input),
        startChildWorkflowExecution: (input, next) =>
          tracing ? tracing.outbound.startChildWorkflowExecution(input, next) : next(input),
        continueAsNew: (input, next) => (tracing ? tracing.outbound.continueAsNew(input, next) : next(input)),
        signalWorkflow: (input, next) => (tracing ? tracing.outbound.signalWorkflow(input, next) : next(input)),
        getLogAttributes: (input, next) => (tracing ? tracing.outbound.getLogAttributes(input, next) : next(input)),
      },
    ],
    internals: [
      {
        dispose(input, next) {
          if (tracing) void tracing.internals.dispose(input, next);
          else next(input);
        },
      },
    ],
  };
};
