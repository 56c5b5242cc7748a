/**
 * The `Call` that tools, resources and prompts see, over a run. Its members may be taken off it, as in
 * `run(input, { deps, elicit })`. Must not know how anything of it reaches the client.
 */
import type { Logger } from 'pino';
import type { ServerEvent } from '../events/event.ts';
import type { Call, Caller, Client } from '../toolsets/toolset.ts';
import { type Asked, form, roots, sampling, visit } from './questions.ts';
import type { Request } from './request.ts';

/** What a call needs of its run. */
export interface CallHost {
  readonly request: Request;
  readonly signal: AbortSignal;
  readonly log: Logger;
  progress: Call<unknown>['progress'];
  detach(): Promise<void>;
  publish(event: ServerEvent): void;
  ask<Answer>(key: string, asked: Asked<Answer>): Promise<Answer>;
}

/** Getters make each function when it is asked for: most calls need none of them. */
export class ToolsetCall<Deps> implements Call<Deps> {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly #host: CallHost;

  constructor(host: CallHost, deps: Deps) {
    this.#host = host;
    this.deps = deps;
    this.caller = host.request.caller;
  }

  get client(): Client {
    return this.#host.request.client;
  }

  get signal(): AbortSignal {
    return this.#host.signal;
  }

  get log(): Logger {
    return this.#host.log;
  }

  get progress(): Call<Deps>['progress'] {
    return (step) => this.#host.progress(step);
  }

  get message(): Call<Deps>['message'] {
    return (level, data, logger) => this.#host.request.message?.(level, data, logger);
  }

  get notify(): Call<Deps>['notify'] {
    return (event) => this.#host.publish(event);
  }

  get detach(): Call<Deps>['detach'] {
    return () => this.#host.detach();
  }

  get elicit(): Call<Deps>['elicit'] {
    return (key, { message, schema }) => this.#host.ask(key, form(key, message, schema));
  }

  get elicitUrl(): Call<Deps>['elicitUrl'] {
    return (key, { message, url }) => this.#host.ask(key, visit(message, url));
  }

  get sample(): Call<Deps>['sample'] {
    return (key, request) => this.#host.ask(key, sampling(request));
  }

  get roots(): Call<Deps>['roots'] {
    return (key) => this.#host.ask(key, roots);
  }
}
