import type { Json } from '../../domain/canonical-json.ts';
import { isRerailError, messageOf, RerailError } from '../../domain/errors.ts';
import type { ErrorOptions } from '../../domain/errors.ts';
import type { CheckpointProvider } from './provider.ts';

export function providerFailed(message: string, options: ErrorOptions & { remedy: string }): RerailError {
  return new RerailError('provider-failed', message, options);
}

/** Runs one step of a provider; what it fails with says which provider and which step, and keeps its code and remedy. */
export async function namingProvider<T>(
  provider: CheckpointProvider,
  step: 'capture' | 'plan' | 'restore' | 'verification',
  work: () => Promise<T>,
  details: Record<string, Json> = {},
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const known = isRerailError(cause) ? cause : undefined;
    throw new RerailError(
      known?.code ?? 'provider-failed',
      `The ${step} of provider ${provider.name} (${provider.describe()}) failed: ${messageOf(cause)}`,
      {
        remedy: known?.remedy ?? 'Look at what the provider says, and try again.',
        details: { ...known?.details, provider: provider.name, ...details },
        nonRetryable: known?.nonRetryable ?? false,
        cause,
      },
    );
  }
}
