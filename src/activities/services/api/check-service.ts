import { connect } from 'node:net';
import type { ApiService } from '../../../domain/service.schema.ts';
import { lookAtHttp } from '../../probes/http.ts';
import { unhealthy } from '../service-context.ts';

export interface ServiceReading {
  healthy: boolean;
  observed: string;
}

const LOOK_MS = 5000;

/** One request of its health. Changes nothing, and fails for nothing. */
export async function checkService({ health }: ApiService, signal: AbortSignal): Promise<ServiceReading> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  const { passed, observed } = await lookAtHttp(health, { timeoutMs: LOOK_MS, signal: limit }, { name: 'health' });
  return { healthy: passed, observed };
}

/** The same as proof. Throws `service-unhealthy`. */
export async function verifyService(spec: ApiService, signal: AbortSignal): Promise<ServiceReading> {
  const reading = await checkService(spec, signal);
  if (reading.healthy) return reading;
  throw unhealthy(`${spec.health.url}: ${reading.observed}`);
}

/** Is a connection taken there? What is answered on it says `checkService`. Throws `service-unhealthy`. */
export async function testConnectivity(
  { health }: ApiService,
  signal: AbortSignal,
): Promise<{ host: string; port: number; connectedMs: number }> {
  const { hostname, port: given, protocol } = new URL(health.url);
  const [host, port] = [hostname.replace(/^\[|\]$/g, ''), Number(given || (protocol === 'https:' ? 443 : 80))];
  const started = Date.now();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, signal: limit });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        unhealthy(`no connection to ${host}:${port}: ${limit.aborted ? 'ETIMEDOUT' : (cause.code ?? cause.message)}`),
      );
    });
  });
  return { host, port, connectedMs: Date.now() - started };
}
