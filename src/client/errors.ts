import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  NamespaceNotFoundError,
  TimeoutFailure,
  ValueError,
} from '@temporalio/common';
import { ERROR_CODES, isRerailError, messageOf, RerailError, type ErrorCode } from '../domain/errors.ts';

function asCode(type: string | null | undefined): ErrorCode {
  return ERROR_CODES.find((code) => code === type) ?? 'unexpected';
}

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  'approval-refused': 'Look at the recovery with `rerail recovery show` and name its present plan hash.',
  'decision-refused': 'Look at what the recovery waits for with `rerail recovery show`.',
};

/** Of gRPC: what was asked is wrong, however often one asks. */
export const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;

const noNamespace = (name: string, cause: unknown): RerailError =>
  new RerailError('settings-invalid', `the Temporal server has no namespace "${name}"`, {
    remedy: 'Name one that exists with --namespace, or create it: temporal operator namespace create.',
    cause,
    nonRetryable: true,
  });

/** Turns what Temporal's client throws into an error of ours that says what to do. */
export function translateError(error: unknown, workflowId: string): Error {
  if (isRerailError(error)) return error;
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    // What an activity answered comes wrapped in the failure of that activity.
    const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
    if (cause instanceof TimeoutFailure) {
      return new RerailError('timed-out', `${workflowId}: no worker did it in time`, {
        remedy: 'Check with `rerail doctor` that a worker runs on the host of the checkpoint.',
        cause: error,
      });
    }
    if (cause instanceof ApplicationFailure) {
      const code = asCode(cause.type);
      const extra = (cause.details?.[0] ?? {}) as { remedy?: string };
      const remedy = extra.remedy ?? REMEDIES[code];
      return new RerailError(code, cause.message, { cause: error, nonRetryable: true, ...(remedy ? { remedy } : {}) });
    }
    return new RerailError('unexpected', `${workflowId}: ${messageOf(cause ?? error)}`, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new RerailError('timed-out', `${workflowId}: no worker answered in time`, {
      remedy: 'Check with `rerail doctor` that a worker runs. It may still be done: look before you ask again.',
      cause: error,
    });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new RerailError('recovery-not-found', `there is no open or kept workflow ${workflowId}`, {
      remedy: 'List them with `rerail recovery list`.',
      cause: error,
      nonRetryable: true,
    });
  }
  if (error instanceof NamespaceNotFoundError) return noNamespace(error.namespace, error);
  if (error instanceof QueryNotRegisteredError) {
    return new RerailError('invalid-input', `${workflowId} is not a workflow that answers this`, {
      cause: error,
      nonRetryable: true,
    });
  }
  // What the converter says of an encrypted payload that no codec has taken care of.
  if (error instanceof ValueError && error.message.includes('binary/encrypted')) {
    return new RerailError('encryption-key-unknown', `${workflowId} is encrypted, and this client has no keys`, {
      remedy: 'Set encryptionKeysFile (RERAIL_ENCRYPTION_KEYS_FILE) to the file of the keys that its workers use.',
      cause: error,
      nonRetryable: true,
    });
  }
  const service = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(service)) {
    const [, missing] = /^Namespace (\S+) is not found/.exec(service.details) ?? [];
    if (missing !== undefined) return noNamespace(missing, error);
    if (/search attribute/i.test(service.details)) {
      return new RerailError('settings-invalid', `the server lacks search attributes of Rerail: ${service.details}`, {
        remedy: 'Register them with `rerail doctor --fix`.',
        cause: error,
      });
    }
    if (Number(service.code) === INVALID_ARGUMENT) {
      return new RerailError('invalid-input', `the Temporal server does not take ${workflowId}: ${service.details}`, {
        remedy: 'Check the ids that were given.',
        cause: error,
        nonRetryable: true,
      });
    }
    // The server has answered, but nobody else did.
    if (Number(service.code) === DEADLINE_EXCEEDED && service.details.includes('before a worker could')) {
      return new RerailError('timed-out', `${workflowId}: no worker answered in time`, {
        remedy:
          'Start one with `rerail worker`, or everything with `rerail up`; `rerail doctor` tells which queues are polled.',
        cause: error,
      });
    }
    return new RerailError(
      'server-unreachable',
      `the Temporal server refused or did not answer for ${workflowId}: ${service.details || service.message}`,
      {
        remedy: 'Check it with `rerail doctor`, or start one with `rerail up`.',
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(messageOf(error));
}
