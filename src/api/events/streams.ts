import type { FastifyReply, FastifyRequest } from 'fastify';
import { RerailError } from '../../domain/errors.ts';

export interface StreamEvent {
  event: string;
  /** What a client that comes back names in `Last-Event-ID`. */
  id?: string;
  data: unknown;
}

export interface Stream {
  send: (event: StreamEvent) => void;
  end: () => void;
  /** Calls back when the client has gone or the stream has ended. */
  onClose: (callback: () => void) => void;
}

export interface Streams {
  /** Begins server-sent events on this reply. Throws `rate-limited` when there are too many. */
  open: (request: FastifyRequest, reply: FastifyReply, stillAllowed: () => Promise<void>) => Stream;
  /** Ends all of them, so that the server can close. */
  closeAll: () => void;
}

export interface StreamsOptions {
  /** Milliseconds between signs of life. */
  heartbeatMs?: number;
  /** Streams at a time. */
  most?: number;
}

/** A client that does not read is let go: it comes back with the last id that it has seen. */
const MOST_BUFFERED_BYTES = 1024 * 1024;

const textOf = ({ event, id, data }: StreamEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

export function createStreams({ heartbeatMs = 15_000, most = 500 }: StreamsOptions = {}): Streams {
  const open = new Set<() => void>();
  return {
    open(request, reply, stillAllowed) {
      if (open.size >= most) {
        throw new RerailError('rate-limited', `there are ${most} streams open already`, {
          remedy: 'Close one, or try again later.',
        });
      }
      reply.hijack();
      const { raw } = reply;
      const callbacks = new Set<() => void>();
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        // Kept for a next request, it would keep a server waiting that stops.
        connection: 'close',
      });
      // So that the client knows at once that it is connected, and when to come back.
      raw.write('retry: 2000\n\n');
      const write = (text: string): void => {
        if (raw.destroyed || raw.writableEnded) return;
        raw.write(text);
        if (raw.writableLength > MOST_BUFFERED_BYTES) raw.destroy();
      };
      const end = (): void => void raw.end();
      const heartbeat = setInterval(() => {
        write(': here\n\n');
        // A token that was taken back ends what was begun with it.
        stillAllowed().catch(end);
      }, heartbeatMs);
      open.add(end);
      raw.once('close', () => {
        clearInterval(heartbeat);
        open.delete(end);
        for (const callback of callbacks) callback();
      });
      raw.on('error', () => raw.destroy());
      request.log.debug({ streams: open.size }, 'stream opened');
      return {
        send: (event) => write(textOf(event)),
        end,
        onClose: (callback) => {
          if (raw.destroyed) callback();
          else callbacks.add(callback);
        },
      };
    },
    closeAll() {
      for (const end of open) end();
    },
  };
}
