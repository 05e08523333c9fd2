import { randomUUID } from 'node:crypto';
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { problemOf } from './problem-json.ts';
import type { RefusalLog } from './refusal-log.ts';

const KIB = 1024;

function refusalOf(error: Error): { status: number; error: RerailError } {
  switch (codeOf(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        error: new RerailError('payload-too-large', `address and headers are larger than ${maxHeaderSize / KIB} KiB`, {
          remedy: 'Send less.',
        }),
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        error: new RerailError('timed-out', 'the request did not come in whole in time', {
          remedy: 'Send it again.',
        }),
      };
    default:
      return {
        status: 400,
        error: new RerailError('invalid-input', 'this is not a request of HTTP', { remedy: 'Send HTTP/1.1.' }),
      };
  }
}

/** What never becomes a request is answered with a problem as well, and its connection ends. */
export const refuseUnread =
  (refusals: RefusalLog) =>
  (error: Error, socket: Socket): void => {
    if (socket.destroyed || codeOf(error) === 'ECONNRESET') return;
    const refusal = refusalOf(error);
    const traceId = randomUUID();
    const { status } = refusal;
    // Nothing of what was sent: nobody knows what it is.
    refusals.add({ status, code: refusal.error.code, requestId: traceId, from: socket.remoteAddress });
    const body = JSON.stringify({ ...problemOf(refusal.error, traceId), status });
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
    ];
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.destroy(error);
  };
