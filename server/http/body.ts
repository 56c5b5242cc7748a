/**
 * Reads a request's body up to a bound. What is too large is refused as soon as that is known; the rest is thrown away
 * for a moment, because a client that is still sending would not read an answer from a reset connection.
 */
import { IncomingMessage } from './node-http.ts';

export type Body = Buffer | 'TooLarge';

const EMPTY = Buffer.alloc(0);
/** How much and how long is thrown away after a refusal. */
const LINGER_BYTES = 16 * 1024 * 1024;
const LINGER_MS = 5_000;

/** Takes the next piece of a body, or null at its end; true where that was the last. */
type Take = (chunk: Buffer | null) => boolean;

/**
 * What `createServer` is to make of requests whose bodies are received. Node puts each piece of a body into the request
 * by `push`; from `receive` on it goes no further, past all that a stream does for its readers.
 */
export class IncomingRequest extends IncomingMessage {
  #take: Take | undefined;
  #received = false;

  static {
    // Without an end Node would keep the request until the connection's next one. The types know no getter.
    Object.defineProperty(this.prototype, 'readableEnded', {
      get(this: IncomingRequest): boolean {
        return (
          this.#received ||
          Reflect.get<IncomingMessage, 'readableEnded'>(IncomingMessage.prototype, 'readableEnded', this)
        );
      },
    });
  }

  /** Calls `take` from within the event that brings a piece, until it has the last, or `release`. */
  receive(take: Take): void {
    this.#take = take;
    // Tells Node that somebody reads, and gives what came before.
    const early = this.read() as Buffer | null;
    if (early) this.push(early);
    if (this.complete && this.#take !== undefined) this.push(null);
  }

  /** Makes a stream of what is still to come. */
  release(): void {
    this.#take = undefined;
  }

  override push(chunk: Buffer | null): boolean {
    if (this.#take === undefined) return super.push(chunk);
    if (!this.#received) this.#received = this.#take(chunk);
    return true;
  }
}

/** Calls `done` once, from within the event that completes the body; never where the client goes away before. */
export function receiveBody(request: IncomingRequest, maxBytes: number, done: (body: Body) => void): void {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  let first: Buffer | undefined;
  let chunks: Buffer[] | undefined;
  let size = 0;
  request.receive((chunk) => {
    if (chunk !== null) {
      size += chunk.length;
      if (size > maxBytes) {
        request.release();
        done('TooLarge');
        return false;
      }
      if (first === undefined) first = chunk;
      else (chunks ??= [first]).push(chunk);
      if (size !== announced) return false;
    }
    done(chunks ? Buffer.concat(chunks, size) : (first ?? EMPTY));
    return true;
  });
}

export const readBody = (request: IncomingRequest, maxBytes: number): Promise<Body | 'Aborted'> =>
  new Promise((resolve) => {
    receiveBody(request, maxBytes, resolve);
    request.on('close', () => resolve('Aborted'));
  });

/** Throws away what a refused request still sends, within bounds; beyond them the connection is cut. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let left = LINGER_BYTES;
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  timer.unref();
  request.on('error', () => clearTimeout(timer));
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
}
