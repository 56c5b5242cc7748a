/**
 * One request and its answer over HTTP: plain JSON, unless something is said before the answer or the answer takes so
 * long that a proxy might give up; then a stream of events. A client that closes its connection takes its request back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Refusal, refuse } from '../../http/answer.ts';
import { type EventStream, openEventStream } from '../../http/event-stream.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import type { Deadlines, Expiring } from '../deadline.ts';
import { errorText, type Id, resultText } from '../message.ts';
import type { RpcError } from '../rpc-error.ts';
import type { Channel } from './request.ts';

export interface ExchangeOptions {
  readonly wheel: TimerWheel;
  /** When a silent answer becomes a stream. */
  readonly patience: Deadlines;
}

export class Exchange implements Channel, Expiring {
  readonly startedAt = performance.now();
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  readonly open: boolean;
  readonly #id: Id;
  readonly #response: ServerResponse;
  readonly #options: ExchangeOptions;
  #stream: EventStream | undefined;

  constructor(id: Id, request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    this.#id = id;
    this.#response = response;
    this.#options = options;
    this.open = takesEvents(request.headers.accept);
  }

  /** For an answer that is not there yet. */
  wait(): void {
    if (this.open && !this.#stream) this.#options.patience.add(this);
  }

  expire(): void {
    if (!this.#response.headersSent && !this.#response.destroyed) this.#begin();
  }

  say(text: string): boolean {
    if (this.#response.destroyed) return false;
    return this.#begin().send(text);
  }

  whenGone(listener: () => void): void {
    if (this.#response.destroyed) listener();
    else this.#response.once('close', () => this.#response.writableFinished || listener());
  }

  succeed(result: string): void {
    this.#end(200, resultText(this.#id, result));
  }

  fail(error: RpcError): void {
    this.#end(error.httpStatus ?? 200, errorOf(this.#id, error));
  }

  /** Answers as the front does; only before anything was said. */
  refuse(refusal: Refusal): void {
    this.#options.patience.delete(this);
    refuse(this.#response, refusal);
  }

  #begin(): EventStream {
    if (!this.#stream) {
      this.#options.patience.delete(this);
      this.#stream = openEventStream(this.#response, { wheel: this.#options.wheel });
    }
    return this.#stream;
  }

  #end(status: number, text: string): void {
    if (this.#stream) {
      this.#stream.send(text);
      this.#stream.end();
      return;
    }
    this.#options.patience.delete(this);
    sendJson(this.#response, status, text);
  }
}

/** Does nothing where the client is gone or the answer has begun. */
export function sendError(response: ServerResponse, id: Id | null, error: RpcError): void {
  sendJson(response, error.httpStatus ?? 200, errorOf(id, error));
}

const errorOf = (id: Id | null, { code, message, data }: RpcError): string => errorText(id, code, message, data);

function sendJson(response: ServerResponse, status: number, text: string): void {
  if (response.destroyed || response.headersSent) return;
  const length = Buffer.byteLength(text);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': length,
    'x-content-type-options': 'nosniff',
  });
  // Text of ASCII alone needs no encoding, which counts for long lists.
  response.end(text, length === text.length ? 'latin1' : 'utf8');
}

const takesEvents = (accept: string | undefined): boolean =>
  accept === undefined || accept.includes('text/event-stream') || accept.includes('*/*');
