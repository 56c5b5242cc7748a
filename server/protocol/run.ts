/**
 * One run of a piece of a toolset, up to its end, which is the first of answer, failure, deadline, cancellation and a
 * question to the client; what comes after that reaches nobody. Whatever a short call does not need is made when it is
 * first looked at. Must not know a transport.
 */
import type { Logger } from 'pino';
import type { ServerEvent } from '../events/event.ts';
import type { Outcome } from '../telemetry/metrics.ts';
import type { Step } from '../toolsets/call.ts';
import type { Call } from '../toolsets/toolset.ts';
import { Asking } from './asking.ts';
import { type CallHost, ToolsetCall } from './call.ts';
import { current, type Liable, type Spent } from './current.ts';
import type { Deadlines, Expiring } from './deadline.ts';
import { Cancelled, type Circumstances, type Failure, failureOf, TimeoutExceeded } from './failure.ts';
import type { Operation } from './operation.ts';
import type { Asked } from './questions.ts';
import type { Answered, InputRequired, Request } from './request.ts';
import { Suspended } from './rounds.ts';
import type { Sealer } from './sealing.ts';
import type { Needs } from './table.ts';

/** What is written down of one request: no arguments, no results. */
export interface AuditEntry {
  readonly id: string;
  readonly request: Request;
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** On models; undefined where none was asked. */
  readonly spent: Spent | undefined;
}

/** What all runs of a server share. */
export interface Surroundings {
  readonly log: Logger;
  readonly deadlines: Deadlines;
  /** For calls that have become tasks. */
  readonly taskDeadlines: Deadlines;
  readonly sealer: Sealer;
  readonly needs: Needs;
  /** Ids that join an answer to its log lines. */
  newId(): string;
  publish(event: ServerEvent): void;
  audit?: ((entry: AuditEntry) => void) | undefined;
}

/** What is run, and what becomes of its value or its failure. */
export interface Piece<Deps, Value, Answer> {
  readonly deps: Deps;
  /** What the request asks for, beside its method and name; without it nothing can be asked back. */
  readonly given?: unknown;
  work(call: Call<Deps>): Promise<Value>;
  /** May throw. */
  finish(value: Value, run: Run): Answer;
  /** Makes an answer of a failure; without it, or where it gives undefined, the failure is thrown. */
  failed?(failure: Failure): Answer | undefined;
}

type Settle<Answer> = (answer: Answered<Answer>) => void;

export class Run implements Expiring, Circumstances, CallHost, Liable {
  readonly startedAt = performance.now();
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  readonly request: Request;
  readonly #surroundings: Surroundings;
  readonly #operation: Operation;
  #piece: Piece<never, never, unknown> | undefined;
  #resolve: Settle<unknown> | undefined;
  #reject: ((error: Error) => void) | undefined;
  #over = false;
  #isTask = false;
  #id: string | undefined;
  #log: Logger | undefined;
  #controller: AbortController | undefined;
  #asking: Asking | undefined;
  #lastStep = -Infinity;
  #spent: Spent | undefined;

  constructor(surroundings: Surroundings, operation: Operation, request: Request) {
    this.#surroundings = surroundings;
    this.#operation = operation;
    this.request = request;
  }

  /** Once only. Rejects with RpcError or ScopeRequired. */
  start<Deps, Value, Answer>(piece: Piece<Deps, Value, Answer>): Promise<Answered<Answer>> {
    this.#piece = piece as unknown as Piece<never, never, unknown>;
    if (this.request.answers)
      try {
        this.#asking = this.#openAsking();
      } catch (error) {
        return Promise.reject(this.failure(error).error); // whatever is run, what came with the request is at fault
      }
    return new Promise<Answered<Answer>>((resolve, reject) => {
      this.#resolve = resolve as Settle<unknown>;
      this.#reject = reject;
      this.#deadlines.add(this);
      try {
        current
          .run(this, () => piece.work(this.callFor(piece.deps)))
          .then(
            (value) => this.#finish(value as never),
            (error: unknown) => this.#fail(error),
          );
      } catch (error) {
        this.#fail(error);
      }
    });
  }

  callFor<Deps>(deps: Deps): Call<Deps> {
    return new ToolsetCall(this, deps);
  }

  /** Writes down that the request ended so, without anything having run. */
  close(outcome: Outcome): void {
    this.#over = true;
    this.#deadlines.delete(this);
    const { audit, log } = this.#surroundings;
    const seconds = (performance.now() - this.startedAt) / 1000;
    this.#operation.count(this.request.transport, outcome, seconds);
    audit?.({ id: this.id, request: this.request, operation: this.#operation, outcome, seconds, spent: this.#spent });
    if (log.isLevelEnabled('debug')) this.log.debug({ outcome, ms: Math.round(seconds * 1000) }, 'answered');
  }

  /** Closes with a failure, and gives back what to throw. */
  failure(error: unknown): Failure {
    const failure = failureOf(error, this);
    this.close(failure.outcome);
    return failure;
  }

  panic(error: unknown): void {
    if (error instanceof Suspended) return; // a question that nobody waits for
    if (this.#over) this.log.error({ error }, 'the tool failed after its call had ended');
    else this.#fail(error);
  }

  spend(tokens: Spent): void {
    this.#spent = {
      inputTokens: (this.#spent?.inputTokens ?? 0) + tokens.inputTokens,
      outputTokens: (this.#spent?.outputTokens ?? 0) + tokens.outputTokens,
    };
  }

  expire(): void {
    const reason = new TimeoutExceeded(`no answer within ${this.timeoutMs} ms`);
    this.#fail(reason);
    this.#controller?.abort(reason);
  }

  get timeoutMs(): number {
    return this.#deadlines.timeoutMs;
  }

  get #deadlines(): Deadlines {
    const { deadlines, taskDeadlines } = this.#surroundings;
    return this.#isTask ? taskDeadlines : deadlines;
  }

  /** A task has more time than a call. */
  async detach(): Promise<void> {
    const { task, detach } = this.request;
    if (!task) return detach?.();
    if (task.begun) return;
    await task.begin();
    if (this.#over) throw new Cancelled('the call has ended');
    this.#deadlines.delete(this);
    this.#isTask = true;
    this.#deadlines.add(this);
  }

  get id(): string {
    return (this.#id ??= this.#surroundings.newId());
  }

  get log(): Logger {
    const { method, name } = this.#operation;
    return (this.#log ??= this.#surroundings.log.child({ request: this.id, method, ...(name && { name }) }));
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    const controller = (this.#controller = new AbortController());
    const cancel = (): void => {
      const reason = new Cancelled('the client went away');
      this.#fail(reason);
      controller.abort(reason);
    };
    const { signal } = this.request;
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return controller.signal;
  }

  /** A step that is no progress is left out. */
  progress(step: Step): void {
    if (this.#over || !this.request.progress) return;
    if (!Number.isFinite(step.progress) || step.progress <= this.#lastStep) return;
    this.#lastStep = step.progress;
    this.request.progress(step);
  }

  publish(event: ServerEvent): void {
    this.#surroundings.publish(event);
  }

  ask<Answer>(key: string, asked: Asked<Answer>): Promise<Answer> {
    return (this.#asking ??= this.#openAsking()).ask(key, asked);
  }

  #openAsking(): Asking {
    const suspend = (inputRequired: InputRequired): void => {
      if (this.#over) return;
      this.close('input_required');
      this.#resolve?.({ inputRequired });
    };
    return new Asking({
      request: this.request,
      operation: this.#operation,
      sealer: this.#surroundings.sealer,
      asks: this.#surroundings.needs.asks,
      given: this.#piece?.given,
      signal: () => this.signal,
      suspend,
    });
  }

  #finish(value: never): void {
    if (this.#over || !this.#piece) return;
    try {
      const answer = this.#piece.finish(value, this);
      this.close((answer as { readonly isError?: boolean }).isError === true ? 'tool_error' : 'ok');
      this.#resolve?.(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const failure = this.failure(error);
    const answer = this.#piece?.failed?.(failure);
    if (answer === undefined) this.#reject?.(failure.error);
    else this.#resolve?.(answer);
  }
}
