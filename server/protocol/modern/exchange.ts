/**
 * One request and its answer over HTTP: plain JSON, unless something is said before the answer or the answer takes so
 * long that a proxy might give up; then a stream of events. A client that closes its connection takes its request back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { accepts, EVENT_STREAM } from '../../http/accept.ts';
import { type Refusal, refuse, sendParts, sendText } from '../../http/answer.ts';
import { type EventStream, openEventStream } from '../../http/event-stream.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import type { Deadlines, Expiring } from '../deadline.ts';
import { errorText, type Id, resultStart, resultText } from '../message.ts';
import type { RpcError } from '../rpc-error.ts';
import type { Channel } from './request.ts';
import { type Result, textOf } from './results.ts';

export interface ExchangeOptions {
  readonly wheel: TimerWheel;
  /** When a silent answer becomes a stream. */
  readonly patience: Deadlines;
}

export class Exchange implements Channel, Expiring {
  startedAt = 0;
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
    this.open = accepts(request.headers.accept, EVENT_STREAM);
  }

  /** For an answer that is not there yet. */
  wait(): void {
    if (!this.open || this.#stream) return;
    this.startedAt = performance.now();
    this.#options.patience.add(this);
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

  stay(): EventStream {
    return this.#begin(true);
  }

  succeed(result: Result): void {
    if (typeof result === 'string' || this.#stream) return this.#end(200, resultText(this.#id, textOf(result)));
    this.#options.patience.delete(this);
    if (canAnswer(this.#response)) sendParts(this.#response, 200, resultStart(this.#id), result.rest);
  }

  fail(error: RpcError): void {
    this.#end(error.httpStatus ?? 200, errorOf(this.#id, error));
  }

  /** Answers as the front does; only before anything was said. */
  refuse(refusal: Refusal): void {
    this.#options.patience.delete(this);
    refuse(this.#response, refusal);
  }

  #begin(lasting = false): EventStream {
    if (!this.#stream) {
      this.#options.patience.delete(this);
      this.#stream = openEventStream(this.#response, { wheel: this.#options.wheel, lasting });
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
  if (canAnswer(response)) sendText(response, status, text);
}

const canAnswer = ({ destroyed, headersSent }: ServerResponse): boolean => !destroyed && !headersSent;
