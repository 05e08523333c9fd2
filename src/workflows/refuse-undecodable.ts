import { defaultPayloadConverter } from '@temporalio/common';
import { log, type WorkflowInterceptorsFactory } from '@temporalio/workflow';

const decoder = new TextDecoder();
/** Whether this one can be read depends on the keys of a worker and not on the message: another worker may have them. */
const ENCRYPTED = 'binary/encrypted';

type Payload = Parameters<typeof defaultPayloadConverter.fromPayload>[0];

function whyUndecodable(payload: Payload): string | undefined {
  const { encoding } = payload.metadata ?? {};
  if (encoding && decoder.decode(encoding) === ENCRYPTED) return undefined;
  try {
    defaultPayloadConverter.fromPayload(payload);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const whyNot = (payloads: readonly Payload[] | null | undefined): string | undefined =>
  (payloads ?? []).map(whyUndecodable).find((text) => text !== undefined);

/**
 * Leaves out signals that no converter can read, and has such queries refused. Temporal decodes both before any handler is
 * asked, and fails the workflow task for it: for ever where it is a signal, and as long as somebody waits for the answer
 * where it is a query that came with a task. Updates need nothing: who sent them is told. The history has the signal, so
 * that a replay leaves it out as well.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      activate(input, next) {
        const { activation } = input;
        activation.jobs = activation.jobs?.filter(({ signalWorkflow }) => {
          const why = whyNot(signalWorkflow?.input);
          if (why === undefined) return true;
          log.warn('a signal that nobody can read was left out', { signal: signalWorkflow?.signalName, reason: why });
          return false;
        });
        for (const { queryWorkflow } of activation.jobs ?? []) {
          const why = whyNot(queryWorkflow?.arguments);
          if (!queryWorkflow || why === undefined) continue;
          // There is no such query, which is what its sender is told.
          queryWorkflow.queryType = `${queryWorkflow.queryType ?? ''}, whose arguments cannot be read (${why})`;
          queryWorkflow.arguments = [];
        }
        next(input);
      },
    },
  ],
});
