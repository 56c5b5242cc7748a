/**
 * A tool call that may become a task. Until then it is the client's request; from then on it runs by itself, its
 * questions and its progress go into the task, and only a cancelled task stops it. Must not know where tasks are kept.
 */

import { Cancelled } from '../../protocol/failure.ts';
import type { Answers, BecomesTask, Request } from '../../protocol/request.ts';
import type { Caller, Client } from '../../toolsets/call.ts';
import type { TaskRow } from './tables.ts';
import type { RunningTask, TaskRunner } from './task-runner.ts';

export class TaskCall implements Request, BecomesTask {
  readonly task = this;
  /** Resolves when the call has become a task. */
  readonly created: Promise<TaskRow>;
  readonly #request: Request;
  readonly #owner: string;
  readonly #runner: TaskRunner;
  readonly #controller = new AbortController();
  readonly #created = Promise.withResolvers<TaskRow>();
  #beginning: Promise<void> | undefined;
  #running: RunningTask | undefined;
  #isOver = false;

  /** `owner` of the task that it may become. */
  constructor(request: Request, owner: string, runner: TaskRunner) {
    this.#request = request;
    this.#owner = owner;
    this.#runner = runner;
    this.created = this.#created.promise;
    const { signal } = request;
    const gone = (): void => {
      if (!this.#running) this.#controller.abort(signal.reason);
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  }

  get begun(): boolean {
    return this.#running !== undefined;
  }

  begin(): Promise<void> {
    if (this.#isOver) return Promise.reject(new Cancelled('the call has ended'));
    return (this.#beginning ??= this.#begin());
  }

  /** The call has ended: gives the task that it has become, or still becomes, and lets it become none later. */
  async end(): Promise<RunningTask | undefined> {
    this.#isOver = true;
    await this.#beginning?.catch(() => undefined); // whoever began it was told
    return this.#running;
  }

  async #begin(): Promise<void> {
    const { task, row } = await this.#runner.begin(this.#owner);
    const { signal } = task.controller;
    signal.addEventListener('abort', () => this.#controller.abort(signal.reason), { once: true });
    this.#running = task;
    this.#created.resolve(row);
  }

  get caller(): Caller {
    return this.#request.caller;
  }

  get transport(): Request['transport'] {
    return this.#request.transport;
  }

  get revision(): Request['revision'] {
    return this.#request.revision;
  }

  get client(): Client {
    return this.#request.client;
  }

  get answers(): Answers | undefined {
    return this.#request.answers;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get message(): Request['message'] {
    return this.#running ? undefined : this.#request.message;
  }

  /** A task says how far it is in words. */
  get progress(): Request['progress'] {
    const task = this.#running;
    if (!task) return this.#request.progress;
    return ({ progress, total, message }) =>
      this.#runner.tell(task, message ?? (total === undefined ? `${progress}` : `${progress} of ${total}`));
  }

  get ask(): Request['ask'] {
    const task = this.#running;
    if (!task) return this.#request.ask;
    return (question, signal, key) => this.#runner.ask(task, key, question, signal);
  }
}
