import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

type Wire = NonNullable<
  NonNullable<Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>['history']>['events']
>[number];
type WireFailure = NonNullable<Wire['workflowExecutionFailedEventAttributes']>['failure'];

/** The value of a payload as the server gave it, decrypted where this client can. */
export async function decodePayload<T>(client: Client, payload: Payload): Promise<T> {
  const { payloadConverter, payloadCodecs } = client.options.loadedDataConverter;
  let decoded: Payload[] = [payload];
  for (const codec of payloadCodecs.toReversed()) decoded = await codec.decode(decoded);
  return payloadConverter.fromPayload<T>(decoded[0] ?? payload);
}

/** The text of a failure as the server gave it, which stands in a payload where it was encrypted. */
export async function decodeFailureText(client: Client, failure: WireFailure): Promise<string | undefined> {
  if (!failure?.encodedAttributes) return failure?.message ?? undefined;
  const { message } = await decodePayload<{ message?: string }>(client, failure.encodedAttributes);
  return message;
}
