/**
 * The answer to one POST: plain JSON where everything is known at once, a stream of events as soon as something is to
 * be said first, or when it takes so long that a proxy might give up. Must not know what is said.
 */
import type { ServerResponse } from 'node:http';
import { type Refusal, refuse, sendText } from '../../http/answer.ts';
import type { Deadlines, Expiring } from '../deadline.ts';
import type { Channel } from './peer.ts';
import { Running } from './running.ts';

/** Where messages go once the answer is a stream. */
export interface Sink {
  send(text: string): unknown;
  end(): void;
  /** Lets the connection go; present where what is said is kept for a client that comes back. */
  detach?(): void;
}

export interface ExchangeOptions {
  readonly response: ServerResponse;
  /** Answers that are expected. */
  readonly count: number;
  readonly isBatch: boolean;
  /** When a silent answer becomes a stream, which comments keep alive. */
  readonly patience: Deadlines;
  /** Clients learn at the begin of a stream how to come back to it. */
  readonly canReturn: boolean;
  /** Makes the answer a stream. */
  openSink(response: ServerResponse): Sink;
}

export class Exchange implements Expiring {
  readonly startedAt = performance.now();
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  readonly #options: ExchangeOptions;
  readonly #texts: string[] = [];
  readonly #running: Running[] = [];
  readonly #abandoned = Promise.withResolvers<void>();
  #left: number;
  #sink: Sink | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#left = options.count;
    options.patience.add(this);
    options.response.once('close', () => this.#gone());
  }

  /** Resolves when all requests were taken back: some may still be worked on, and nobody waits for that. */
  get abandoned(): Promise<void> {
    return this.#abandoned.promise;
  }

  /** The way back for one request of the POST. */
  channel(): Channel {
    const running = new Running(() => {
      if (this.#running.every(({ aborted }) => aborted)) this.#abandoned.resolve();
    });
    this.#running.push(running);
    const say = (text: string): void => void this.#stream().send(text);
    return this.#options.canReturn ? { running, say, detach: () => this.#stream().detach?.() } : { running, say };
  }

  expire(): void {
    this.#stream();
  }

  /** Once for each expected answer; undefined where there is none, because the client wants it no more. */
  reply(text: string | undefined): void {
    this.#left -= 1;
    if (text !== undefined) {
      if (this.#sink) this.#sink.send(text);
      else this.#texts.push(text);
    }
    if (this.#left === 0) this.#finish();
  }

  /** Instead of the only answer. False where a stream has begun and cannot be taken back. */
  refuse(refusal: Refusal): boolean {
    if (this.#sink || this.#options.count > 1) return false;
    this.#left = 0;
    this.#options.patience.delete(this);
    refuse(this.#options.response, refusal);
    return true;
  }

  #finish(): void {
    this.#options.patience.delete(this);
    const { response, isBatch } = this.#options;
    const [first] = this.#texts;
    if (this.#sink || first === undefined) this.#stream().end();
    else if (!response.destroyed) sendText(response, 200, isBatch ? `[${this.#texts.join(',')}]` : first);
  }

  #stream(): Sink {
    if (this.#sink) return this.#sink;
    this.#options.patience.delete(this);
    this.#sink = this.#options.openSink(this.#options.response);
    for (const text of this.#texts.splice(0)) this.#sink.send(text);
    return this.#sink;
  }

  /**
   * The specification would not have a lost connection taken for a cancellation ("SHOULD NOT", Transports). It is one
   * where nothing was said yet: without the id of an event a client cannot come back, so nobody could be given the
   * answer that would be worked on. Where it can come back, the call goes on.
   */
  #gone(): void {
    this.#options.patience.delete(this);
    if (this.#left > 0 && !this.#sink?.detach) for (const running of this.#running) running.abort();
  }
}
