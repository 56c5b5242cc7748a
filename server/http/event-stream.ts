/**
 * An answer as a stream of server-sent events: framing, comments that keep proxies from closing it, and an end for
 * consumers that do not read. Must not know what the events say.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { handOver } from './hand-over.ts';
import type { TimerWheel } from './timer-wheel.ts';

export interface EventStream {
  /** Sends one event, whole or not at all. False where the stream is closed, or is closed now for lack of a reader. */
  send(text: string, id?: string): boolean;
  /** An event without content that tells the client where to resume and how long to wait before it does. */
  prime(id: string, retryMs: number): boolean;
  end(): void;
  /** Calls once, when nothing more can be sent; one listener. */
  whenClosed(listener: () => void): void;
  /** Resolves when more may be sent without its piling up, or nothing can; for one waiter at a time. */
  drained(): Promise<void>;
  /** True as soon as nothing more can be sent. */
  readonly closed: boolean;
}

export interface EventStreamOptions {
  readonly wheel: TimerWheel;
  /** Bytes that may wait for the consumer; beyond them the connection is cut. */
  readonly maxBuffered?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** For hours: the stream holds nothing but its connection, which ends with it, and `response` emits nothing more. */
  readonly lasting?: boolean;
}

const MAX_BUFFERED = 256 * 1024;
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no', // nginx and its kin collect an answer otherwise
  'x-content-type-options': 'nosniff',
} as const;
const COMMENT = ':\n\n';

/**
 * How long an answer to a body holds back its first bytes, in milliseconds. Proxies written in Go read once more after
 * the body's last byte, and break the connection when an answer comes between (golang/go#40747).
 */
const BREATH_MS = 10;

/** `response` must not have begun. Sends the headers at once, or a moment later where the request had a body. */
export function openEventStream(response: ServerResponse, options: EventStreamOptions): EventStream {
  const { wheel, maxBuffered = MAX_BUFFERED, headers, lasting = false } = options;
  if (lasting) response.shouldKeepAlive = false;
  const { socket } = response;
  const waits = socket !== null && response.req.method === 'POST';
  // An end within that time uncorks it. `response.cork()` would have Node (24) write the end before what was corked.
  if (waits) socket.cork();
  response.writeHead(200, headers === undefined ? HEADERS : { ...HEADERS, ...headers });
  response.flushHeaders();
  const stream = new ResponseStream(response, wheel, maxBuffered);
  const begin = (): void => {
    if (stream.closed) return;
    if (waits) socket.uncork();
    if (lasting) stream.hold(response);
  };
  if (waits) setTimeout(begin, BREATH_MS);
  else begin();
  return stream;
}

class ResponseStream implements EventStream {
  closed = false;
  #out: ServerResponse | Socket;
  readonly #maxBuffered: number;
  readonly #forget: () => void;
  #listener: (() => void) | undefined;
  #wake: (() => void) | undefined;
  /** Whether each write is to be framed as a chunk here. */
  #isChunked = false;
  /** Of a stream that lasts, once it is all there is. */
  #socket: Socket | undefined;

  constructor(response: ServerResponse, wheel: TimerWheel, maxBuffered: number) {
    this.#out = response;
    this.#maxBuffered = maxBuffered;
    this.#forget = wheel.add(() => this.#write(COMMENT));
    response.once('close', () => this.#close());
  }

  /** From then on it holds only the connection. */
  hold(response: ServerResponse): void {
    const { chunkedEncoding } = response;
    handOver(response, (socket) => this.#take(socket, chunkedEncoding));
  }

  send(text: string, id?: string): boolean {
    return this.#write(framed(text, id));
  }

  prime(id: string, retryMs: number): boolean {
    return this.#write(`id: ${id}\nretry: ${retryMs}\ndata:\n\n`);
  }

  end(): void {
    if (this.closed) return;
    this.#close();
    if (!this.#socket) {
      this.#out.end();
      return;
    }
    if (this.#isChunked) this.#socket.write('0\r\n\r\n');
    this.#socket.destroySoon();
  }

  whenClosed(listener: () => void): void {
    if (this.closed) listener();
    else this.#listener = listener;
  }

  async drained(): Promise<void> {
    while (!this.closed && this.#out.writableNeedDrain)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#out.once('drain', resolve);
      });
  }

  #write(text: string): boolean {
    if (this.closed) return false;
    const out = this.#out;
    if (out.destroyed || out.writableLength > this.#maxBuffered) {
      out.destroy();
      this.#close();
      return false;
    }
    if (this.#socket) {
      const bytes = Buffer.byteLength(text);
      const chunk = this.#isChunked ? `${bytes.toString(16)}\r\n${text}\r\n` : text;
      this.#socket.write(chunk, bytes === text.length ? 'latin1' : 'utf8');
    } else out.write(text);
    return true;
  }

  #take(socket: Socket, isChunked: boolean): void {
    this.#out = socket;
    this.#socket = socket;
    this.#isChunked = isChunked;
    socket.once('close', () => this.#close());
    this.#wake?.();
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#forget();
    this.#wake?.();
    this.#listener?.();
    this.#listener = undefined;
  }
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
