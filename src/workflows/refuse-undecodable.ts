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

/**
 * Leaves out signals that no converter can read. Temporal decodes them before any handler is asked, and a workflow whose task
 * fails for that would fail it for ever. Updates and queries need nothing: who sent them is told. The history has the
 * signal, so that a replay leaves it out as well.
 */
export const interceptors: WorkflowInterceptorsFactory = () => ({
  internals: [
    {
      activate(input, next) {
        const { activation } = input;
        activation.jobs = activation.jobs?.filter(({ signalWorkflow }) => {
          const why = (signalWorkflow?.input ?? []).map(whyUndecodable).find((text) => text !== undefined);
          if (why === undefined) return true;
          log.warn('a signal that nobody can read was left out', { signal: signalWorkflow?.signalName, reason: why });
          return false;
        });
        next(input);
      },
    },
  ],
});
