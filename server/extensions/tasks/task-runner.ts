/**
 * The tasks that this process runs: says in the store that they are alive, hears from there of answers and
 * cancellations, and brings their ends there. Events only make it look sooner. Must not know the protocol's messages.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { EventBus } from '../../events/event.ts';
import { Cancelled } from '../../protocol/failure.ts';
import type { Question } from '../../protocol/request.ts';
import { INTERNAL_ERROR, RpcError } from '../../protocol/rpc-error.ts';
import type { TaskRow } from './tables.ts';
import { type Ending, isActive, type Running, type TaskStore } from './task-store.ts';

export interface TaskRunnerOptions {
  readonly store: TaskStore;
  readonly bus: EventBus;
  readonly log: Logger;
  /** How often leases are renewed, in milliseconds; several times within a lease. */
  readonly beatMs: number;
  /** Tasks at a time; more are for other pods. */
  readonly maxRunning: number;
}

/** One task while its tool runs here. */
class Task {
  /** Of callers without an identity it is all that keeps others out; a UUID has 122 bits of chance only. */
  readonly id = randomBytes(16).toString('base64url');
  readonly controller = new AbortController();
  readonly asked = new Set<string>();
  /** Questions of this turn, which the store does not have yet. */
  readonly questions = new Map<string, Question>();
  readonly waiting = new Map<string, Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'>>();
  /** News for the client that the store does not have yet. */
  message: string | undefined;
  /** Waits for a store that takes it. */
  ending: Ending | undefined;
}

export type RunningTask = Pick<Task, 'id' | 'controller'>;

const MAX_MESSAGE = 1_000;
const RETRY_MS = 5_000;
const STOPPED: Ending = {
  status: 'failed',
  error: { code: INTERNAL_ERROR, message: 'The server that ran this task was stopped before it had ended.' },
};

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #runner = randomUUID();
  readonly #tasks = new Map<string, Task>();
  readonly #unsubscribe: () => void;
  readonly #idle: (() => void)[] = [];
  readonly #beats: NodeJS.Timeout;
  #beating: Promise<void> | undefined;
  #beginning = 0;
  /** Whether all tasks will be looked at when what is under way is done. */
  #looksSoon = false;
  #closing = false;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.subscribe((event) => {
      if (this.#looksSoon) return;
      const task = event.type === 'task' ? this.#tasks.get(event.id) : undefined;
      if (task && !task.ending) void this.#look([task.id]);
      else if (event.type === 'all') void this.#look([...this.#tasks.keys()]);
    });
    this.#beats = setInterval(
      () => void (this.#beating ??= this.#beat().finally(() => (this.#beating = undefined))),
      options.beatMs,
    );
    this.#beats.unref();
  }

  /** Whether another task may begin. */
  get hasRoom(): boolean {
    return !this.#closing && this.#tasks.size + this.#beginning < this.#options.maxRunning;
  }

  /** Rejects where there is no room, and as the store does. Whoever begins a task must end it. */
  async begin(owner: string): Promise<{ readonly task: RunningTask; readonly row: TaskRow }> {
    if (!this.hasRoom) throw noRoom();
    const { store } = this.#options;
    const task = new Task();
    this.#beginning += 1;
    const row = await store.create({ id: task.id, owner, runner: this.#runner }).finally(() => (this.#beginning -= 1));
    if (this.#closing) {
      await store.finish(task.id, STOPPED);
      throw new RpcError(INTERNAL_ERROR, 'The server is stopping. Try again.');
    }
    this.#tasks.set(task.id, task);
    return { task, row };
  }

  tell({ id }: RunningTask, message: string): void {
    const task = this.#tasks.get(id);
    if (task) task.message = message.slice(0, MAX_MESSAGE);
  }

  /** Resolves with the client's answer, which is not checked yet. Rejects with Cancelled, or where `key` was used before. */
  async ask({ id }: RunningTask, key: string, question: Question, signal: AbortSignal): Promise<unknown> {
    const task = this.#tasks.get(id);
    if (!task) throw new Cancelled('the task has ended');
    if (task.asked.has(key)) throw new Error(`two questions of one task have the key ${key}`);
    task.asked.add(key);
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const cancel = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', cancel, { once: true });
    task.waiting.set(key, { resolve, reject });
    // Whatever else the tool asks in this turn is asked with it.
    if (task.questions.size === 0) setImmediate(() => void this.#ask(task));
    task.questions.set(key, question);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
      task.waiting.delete(key);
    }
  }

  /** Resolves when the store has it, or will be asked again with the next beat. */
  async end({ id }: RunningTask, ending: Ending): Promise<void> {
    const task = this.#tasks.get(id);
    if (!task) return;
    task.ending = ending;
    await this.#finish(task);
  }

  /** Begins no more; waits for tasks that end by themselves in that time, and fails the others. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#quiet(), graceMs);
    if (this.#tasks.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearTimeout(timer);
    clearInterval(this.#beats);
    this.#unsubscribe();
    await this.#beating;
    const left = [...this.#tasks.values()];
    for (const task of left) {
      task.ending ??= STOPPED;
      task.controller.abort(new Cancelled('the server is stopping'));
    }
    await Promise.all(left.map((task) => this.#finish(task)));
    this.#tasks.clear();
  }

  async #ask(task: Task): Promise<void> {
    const questions = Object.fromEntries(task.questions);
    task.questions.clear();
    try {
      if (!(await this.#options.store.ask(task.id, questions)))
        task.controller.abort(new Cancelled('the task has ended'));
    } catch (error) {
      for (const key of Object.keys(questions)) task.waiting.get(key)?.reject(error);
    }
  }

  async #finish(task: Task): Promise<void> {
    if (!task.ending || !this.#tasks.has(task.id)) return;
    try {
      await this.#options.store.finish(task.id, task.ending);
      this.#tasks.delete(task.id);
      if (this.#tasks.size === 0) this.#quiet();
    } catch (error) {
      this.#options.log.warn({ error, task: task.id }, 'the end of a task is not stored yet');
    }
  }

  #quiet(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #beat(): Promise<void> {
    const tasks = [...this.#tasks.values()];
    const messages = new Map<string, string>();
    for (const task of tasks) {
      if (task.message !== undefined) messages.set(task.id, task.message);
      task.message = undefined;
    }
    this.#looksSoon = true; // an event of what is written here is no news
    try {
      await this.#options.store.renew(
        tasks.map(({ id }) => id),
        messages,
      );
    } catch (error) {
      for (const task of tasks) task.message ??= messages.get(task.id);
      this.#options.log.warn({ error, tasks: tasks.length }, 'leases of tasks are not renewed');
    }
    this.#looksSoon = false;
    await this.#look([...this.#tasks.keys()]);
    await Promise.all(tasks.map((task) => this.#finish(task)));
  }

  async #look(ids: readonly string[]): Promise<void> {
    try {
      const found = new Map((await this.#options.store.look(ids)).map((row) => [row.id, row]));
      for (const id of ids) this.#heard(id, found.get(id));
    } catch (error) {
      this.#options.log.warn({ error }, 'tasks cannot be read');
    }
  }

  #heard(id: string, row: Running | undefined): void {
    const task = this.#tasks.get(id);
    if (!task) return;
    if (!row || !isActive(row.status)) {
      // Its own end may have come while the row was read; then this is no news.
      task.controller.abort(new Cancelled('the task was cancelled'));
      return;
    }
    for (const [key, answer] of Object.entries(row.answers)) task.waiting.get(key)?.resolve(answer);
  }
}

export const noRoom = (): RpcError =>
  new RpcError(INTERNAL_ERROR, 'No task can begin here now. Try again later.', { retryAfterMs: RETRY_MS }, 503);
