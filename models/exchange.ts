/**
 * One HTTP request and its answer, as a handler of undici's dispatch: deadlines, a
 * bounded body that is read at the reader's pace, and abort in both directions. Must
 * not know what the body means.
 */
import type { Dispatcher } from 'undici';
import { BackendError, type Timeouts } from './backend.ts';
import { abortFailure, failureOf } from './http-failure.ts';

/** Bytes that wait for the reader before the connection is paused. */
const HIGH_WATER = 256 * 1024;
/** Time that the rest of an answer nobody needs may take before its connection is dropped. */
const RELEASE_MS = 1_000;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface ExchangeOptions {
  readonly origin: string;
  readonly timeouts: Timeouts;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  readonly #options: ExchangeOptions;
  #headers: Headers = {};
  #controller: Dispatcher.DispatchController | undefined;
  #queue: Buffer[] = [];
  #queued = 0;
  #received = 0;
  #ended = false;
  #released = false;
  #failure: BackendError | undefined;
  #wake: (() => void) | undefined;
  /** Time spent waiting since the last progress, and how much of it is allowed. */
  #waited = 0;
  #patience: number;
  #total: NodeJS.Timeout;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#patience = options.timeouts.firstByteMs;
    const { requestMs } = options.timeouts;
    this.#total = setTimeout(
      () => this.fail(new BackendError('Timeout', `${options.origin} took longer than ${requestMs} ms`)),
      requestMs,
    );
    options.signal?.addEventListener('abort', this.#aborted, { once: true });
    if (options.signal?.aborted === true) this.#aborted();
  }

  readonly #aborted = (): void => {
    if (this.#options.signal !== undefined) this.fail(abortFailure(this.#options.signal, this.#options.origin));
  };

  header(name: string): string | undefined {
    const value = this.#headers[name];
    return typeof value === 'string' ? value : value?.[0];
  }

  /** Resolves when the status and the headers are there. */
  async answered(): Promise<void> {
    while (this.status === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#wait();
    }
  }

  /** The next part of the body; undefined at its end. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#failure?.reason === 'Aborted') throw this.#failure;
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        this.#queued -= chunk.length;
        if (this.#queued < HIGH_WATER && this.#controller?.paused === true) this.#controller.resume();
        return chunk;
      }
      // What came before a failure is still handed on: it is the text that a client may show.
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#wait();
    }
  }

  /** The whole body, or the beginning of one that is longer than `most` bytes. */
  async read(most = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) {
      this.progress();
      chunks.push(chunk);
      length += chunk.length;
      if (length < most) continue;
      this.release();
      break;
    }
    return Buffer.concat(chunks);
  }

  /** Something of worth came: from now on the idle time counts, from zero. */
  progress(): void {
    this.#waited = 0;
    this.#patience = this.#options.timeouts.idleMs;
  }

  /** Nothing more is needed. The rest is read so that the connection can serve again, unless that takes long. */
  release(): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#released = true;
    this.#queue = [];
    this.#controller?.resume();
    clearTimeout(this.#total);
    this.#total = setTimeout(
      () => this.fail(new BackendError('Aborted', 'the rest of an answer was not needed')),
      RELEASE_MS,
    );
  }

  /** Ends the exchange here and upstream. */
  fail(failure: BackendError): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = failure;
    this.#settle();
    this.#controller?.abort(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200 || this.#failure !== undefined) return;
    this.status = status;
    this.#headers = headers;
    const length = Number(this.header('content-length') ?? 0);
    if (length > this.#options.maxBytes) this.#tooLarge();
    this.#wake?.();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#received += chunk.length;
    if (this.#received > this.#options.maxBytes) return this.#tooLarge();
    if (this.#released) return;
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    if (this.#queued >= HIGH_WATER) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#settle();
  }

  onResponseError(controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.#controller = controller ?? this.#controller;
    this.fail(failureOf(error, this.#options.origin));
  }

  #tooLarge(): void {
    const { origin, maxBytes } = this.#options;
    this.fail(new BackendError('BadResponse', `${origin} sent more than ${maxBytes} bytes`, { status: this.status }));
  }

  #settle(): void {
    clearTimeout(this.#total);
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    this.#wake?.();
  }

  /** Until something happens, or patience runs out. Only time that the reader spends waiting counts. */
  async #wait(): Promise<void> {
    const started = performance.now();
    const left = Math.max(0, this.#patience - this.#waited);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(() => this.fail(this.#outOfPatience()), left);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    this.#waited += performance.now() - started;
  }

  #outOfPatience(): BackendError {
    const what = this.#patience === this.#options.timeouts.firstByteMs ? 'sent nothing for' : 'paused longer than';
    return new BackendError('Timeout', `${this.#options.origin} ${what} ${this.#patience} ms`);
  }
}
