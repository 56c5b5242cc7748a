/**
 * An answer as a stream of server-sent events: framing, comments that keep proxies from closing it, and an end for
 * consumers that do not read. Must not know what the events say.
 */
import type { ServerResponse } from 'node:http';
import type { TimerWheel } from './timer-wheel.ts';

export interface EventStream {
  /** Sends one event, whole or not at all. False where the stream is closed, or is closed now for lack of a reader. */
  send(text: string, id?: string): boolean;
  /** An event without content that tells the client where to resume and how long to wait before it does. */
  prime(id: string, retryMs: number): boolean;
  end(): void;
  /** True as soon as nothing more can be sent. */
  readonly closed: boolean;
}

export interface EventStreamOptions {
  readonly wheel: TimerWheel;
  /** Bytes that may wait for the consumer; beyond them the connection is cut. */
  readonly maxBuffered?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_BUFFERED = 256 * 1024;
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no', // nginx and its kin collect an answer otherwise
  'x-content-type-options': 'nosniff',
} as const;
const COMMENT = ':\n\n';

/** Sends the headers at once. `response` must not have begun. */
export function openEventStream(response: ServerResponse, options: EventStreamOptions): EventStream {
  const { wheel, maxBuffered = MAX_BUFFERED, headers } = options;
  let closed = false;
  const write = (chunk: string): boolean => {
    if (closed) return false;
    if (response.destroyed || response.writableLength > maxBuffered) {
      response.destroy();
      close();
      return false;
    }
    response.write(chunk);
    return true;
  };
  const forget = wheel.add(() => write(COMMENT));
  const close = (): void => {
    closed = true;
    forget();
  };
  response.once('close', close);
  response.writeHead(200, headers === undefined ? HEADERS : { ...HEADERS, ...headers });
  response.flushHeaders();
  return {
    send: (text, id) => write(framed(text, id)),
    prime: (id, retryMs) => write(`id: ${id}\nretry: ${retryMs}\ndata:\n\n`),
    end() {
      if (closed) return;
      close();
      response.end();
    },
    get closed() {
      return closed;
    },
  };
}

/** One event; text of several lines becomes several `data` fields, which the reader joins again. */
function framed(text: string, id: string | undefined): string {
  const data = /[\r\n]/.test(text) ? text.split(/\r\n|\r|\n/).join('\ndata: ') : text;
  return id === undefined ? `event: message\ndata: ${data}\n\n` : `event: message\nid: ${id}\ndata: ${data}\n\n`;
}

const SLICE = 200;

/** Runs `work` for every item and lets other work of the process run after each `slice` of them; `work` may remove any. */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void, slice = SLICE): Promise<void> {
  let left = slice;
  for (const item of items) {
    work(item);
    left -= 1;
    if (left > 0) continue;
    left = slice;
    await new Promise(setImmediate);
  }
}
