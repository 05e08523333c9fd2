import type { Payload, PayloadCodec } from '@temporalio/common';
import { isRerailError, messageOf } from '../domain/errors.ts';

export interface CodecRequest {
  method: string;
  /** Path of the address, with whatever prefix it is served under. */
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

export interface CodecResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface CodecHandlerOptions {
  codec: PayloadCodec;
  /** Origins of the Temporal UI that a browser may ask from, as `http://127.0.0.1:8233`. */
  origins: readonly string[];
  /** Only these are served, by the header X-Namespace; default: all. */
  namespaces?: readonly string[];
}

interface WirePayload {
  metadata?: Record<string, string> | null;
  data?: string | null;
}

const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');
const toBase64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');

const mapValues = <In, Out>(values: Record<string, In>, change: (value: In) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

const isWire = (given: unknown): given is WirePayload => {
  if (typeof given !== 'object' || given === null) return false;
  const { metadata = {}, data = '' } = given as WirePayload;
  return (
    typeof (data ?? '') === 'string' &&
    Object.values(metadata ?? {}).every((value: unknown) => typeof value === 'string')
  );
};

const fromWire = ({ metadata, data }: WirePayload): Payload => ({
  metadata: mapValues(metadata ?? {}, fromBase64),
  ...(typeof data === 'string' ? { data: fromBase64(data) } : {}),
});

const toWire = ({ metadata, data }: Payload): WirePayload => ({
  metadata: mapValues(metadata ?? {}, toBase64),
  data: toBase64(data),
});

function parsePayloads(body: string): WirePayload[] | undefined {
  try {
    const { payloads } = JSON.parse(body) as { payloads?: unknown };
    return Array.isArray(payloads) && payloads.every(isWire) ? payloads : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Temporal's remote codec protocol: POST `.../decode` and `.../encode` with `{"payloads": [...]}` as protobuf's JSON. Who
 * may ask is for the server around it to decide: whoever may, reads everything.
 */
export function createCodecHandler({ codec, origins, namespaces }: CodecHandlerOptions) {
  const corsOf = (origin: unknown): Record<string, string> =>
    typeof origin === 'string' && origins.includes(origin)
      ? {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'POST, OPTIONS',
          'access-control-allow-headers': 'content-type, x-namespace, authorization',
          'access-control-allow-credentials': 'true',
          vary: 'origin',
        }
      : { vary: 'origin' };

  return async ({ method, path, headers, body }: CodecRequest): Promise<CodecResponse> => {
    const cors = corsOf(headers['origin']);
    const answer = (status: number, value?: unknown): CodecResponse => ({
      status,
      headers: { ...cors, 'cache-control': 'no-store', 'content-type': 'application/json' },
      body: value === undefined ? '' : JSON.stringify(value),
    });
    const refuse = (status: number, message: string, code = 'invalid-input') => answer(status, { code, message });
    const verb = /\/(encode|decode)$/.exec(path)?.[1];
    if (verb === undefined) return refuse(404, 'only /encode and /decode are served');
    if (method === 'OPTIONS') return answer(204);
    if (method !== 'POST') return refuse(405, 'only POST');
    if (headers['origin'] !== undefined && !('access-control-allow-origin' in cors))
      return refuse(403, 'this origin may not ask');
    const namespace = headers['x-namespace'];
    if (namespaces && (typeof namespace !== 'string' || !namespaces.includes(namespace)))
      return refuse(403, `the namespace ${JSON.stringify(namespace ?? null)} is not served`);
    const payloads = parsePayloads(body);
    if (!payloads) return refuse(400, 'the body must be {"payloads": [{"metadata": {...}, "data": "..."}]} in base64');
    try {
      const changed = await codec[verb as 'encode' | 'decode'](payloads.map(fromWire));
      return answer(200, { payloads: changed.map(toWire) });
    } catch (error) {
      if (isRerailError(error)) return refuse(422, messageOf(error), error.code);
      return refuse(400, 'the payloads cannot be read');
    }
  };
}

export type CodecHandler = ReturnType<typeof createCodecHandler>;
