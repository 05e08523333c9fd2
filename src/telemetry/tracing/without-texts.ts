import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';

/** All that leaves with a span: ids, types and numbers of attempts. Memos, search attributes and reasons do not. */
const KEPT = new Set([
  'run_id',
  'temporalWorkflowId',
  'temporalActivityId',
  'temporalUpdateId',
  'workflowId',
  'runId',
  'workflowType',
  'activityType',
  'attempt',
  'taskQueue',
  'namespace',
]);

function kept(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key, value]) => KEPT.has(key) && typeof value !== 'object'),
  );
}

/** An error's class may leave, its message not: that is what a command or a person has said. */
function withoutTexts(span: ReadableSpan): ReadableSpan {
  const events = span.events.map((event) => {
    const type = event.attributes?.['exception.type'];
    return { ...event, attributes: typeof type === 'string' ? { 'exception.type': type } : {} };
  });
  const changed: Partial<ReadableSpan> = {
    attributes: kept(span.attributes),
    events,
    status: { code: span.status.code },
  };
  // Spans have getters, which a copy would lose.
  return Object.create(
    span,
    Object.fromEntries(Object.entries(changed).map(([key, value]) => [key, { value, enumerable: true }])),
  ) as ReadableSpan;
}

export function exportWithoutTexts(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(withoutTexts), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
