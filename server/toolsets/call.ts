/**
 * One call as a tool, resource or prompt sees it: who calls, what it may use, and the ways to talk with the client
 * while it runs. The same on every transport and in every revision of the protocol.
 */
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { ServerEvent } from '../events/event.ts';
import type { Root, SamplingAnswer, SamplingRequest } from './content.ts';

/** Who asked. `anonymous` where the server asks for no identity. */
export interface Caller {
  readonly id: string;
  /** Rights. Absent where no identity is asked for: then everything is allowed. */
  readonly scopes?: ReadonlySet<string>;
  /** Looked at where `scopes` are there. */
  readonly roles?: readonly string[];
}

export const ANONYMOUS: Caller = { id: 'anonymous' };

/** What a client says that it can do; absent members it cannot. */
export interface ClientCapabilities {
  readonly elicitation?: { readonly form?: object; readonly url?: object };
  readonly sampling?: object;
  readonly roots?: object;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The program at the other end, in its own words: nothing to trust. */
export interface Client {
  readonly capabilities: ClientCapabilities;
  readonly info?: { readonly name: string; readonly version: string };
}

export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

export interface Step {
  /** Must grow from step to step. */
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export type Refused = { readonly action: 'decline' | 'cancel' };
export type Elicited<Content> = { readonly action: 'accept'; readonly content: Content } | Refused;

/** What one call brings, beside its input. All of it may be taken off, as in `run(input, { deps, elicit })`. */
export interface Call<Deps> {
  readonly deps: Deps;
  readonly caller: Caller;
  readonly client: Client;
  /** Aborted when the client goes away or the call's time is over. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Tells the client how far the call is; does nothing where the client did not ask. */
  readonly progress: (step: Step) => void;
  /** A log message to the client; only where it asked for that level. */
  readonly message: (level: LogLevel, data: unknown, logger?: string) => void;
  /** Tells subscribers that a list or a resource has changed. */
  readonly notify: (event: ServerEvent) => void;
  /**
   * Lets go of the client's connection; it comes back for the answer. Does nothing where it could not. A tool with
   * `task` becomes a task here at the latest, and has become one when this resolves.
   */
  readonly detach: () => Promise<void>;
  /**
   * Asks the user to fill in a form. A server without sessions answers the call with the question and runs it again
   * from its start when the answer has come: what stands before a question must bear repetition. Each question of a
   * call has a key of its own; questions asked at once reach the user together. Rejects where the client cannot ask.
   */
  readonly elicit: <Form extends z.ZodObject>(
    key: string,
    question: { readonly message: string; readonly schema: Form },
  ) => Promise<Elicited<z.output<Form>>>;
  /** Sends the user to a page; accepted when the user agreed to go there. */
  readonly elicitUrl: (
    key: string,
    question: { readonly message: string; readonly url: string },
  ) => Promise<{ readonly action: 'accept' } | Refused>;
  /** Asks the client's own model. Deprecated in the protocol. */
  readonly sample: (key: string, request: SamplingRequest) => Promise<SamplingAnswer>;
  /** The folders that the user works in. Deprecated in the protocol. */
  readonly roots: (key: string) => Promise<readonly Root[]>;
}
