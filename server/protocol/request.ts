/**
 * One request as a carrier hands it to the dispatch, and what may come back instead of an answer. The same for every
 * transport and revision. Types only.
 */
import type { Caller, Client, LogLevel, Step } from '../toolsets/call.ts';

/** Revisions of the protocol, newest first. */
export const REVISIONS = ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;
export type Revision = (typeof REVISIONS)[number];
/** The first revision without sessions. */
export const MODERN = '2026-07-28' satisfies Revision;

/** What the carrier knows of one request. */
export interface Request {
  readonly caller: Caller;
  readonly transport: 'http' | 'stdio';
  readonly revision: Revision;
  readonly client: Client;
  /** Aborted when the client goes away or takes the request back. May be made when it is first looked at. */
  readonly signal: AbortSignal;
  /** Sends progress; absent where the client did not ask for it. */
  readonly progress?: ((step: Step) => void) | undefined;
  /** Sends a log message if the client wants that level; absent where it wants none. */
  readonly message?: ((level: LogLevel, data: unknown, logger: string | undefined) => void) | undefined;
  /** Ends the stream of the answer so far; absent where the client could not come back for the rest. */
  readonly detach?: (() => void) | undefined;
  /** Absent where the call cannot become a task. */
  readonly task?: BecomesTask | undefined;
  /**
   * Asks the client and resolves with the `result` of its answer, which is not checked yet. Absent where there is no way
   * back to the client within a call: then questions become rounds. Rejects with the client's error as RpcError. `key`
   * tells the questions of one call apart.
   */
  readonly ask?: ((question: Question, signal: AbortSignal, key: string) => Promise<unknown>) | undefined;
  /** Of a revision with sessions, but in none: nothing is known of the client, and no answer of its can come. */
  readonly standsAlone?: boolean | undefined;
  /** Of a request that is sent again with answers. */
  readonly answers?: Answers | undefined;
}

/** A call that goes on without its request, while the client asks for its state from time to time. */
export interface BecomesTask {
  readonly begun: boolean;
  /** Resolves when every pod knows of the task. Asked again it is the same task. */
  begin(): Promise<void>;
}

export interface Answers {
  readonly inputResponses?: Readonly<Record<string, unknown>> | undefined;
  readonly requestState?: string | undefined;
}

/** A request from the server to the client. */
export interface Question {
  readonly method: 'elicitation/create' | 'sampling/createMessage' | 'roots/list';
  readonly params: Readonly<Record<string, unknown>>;
}

/** The client must answer these questions, and send its request again. */
export interface InputRequired {
  readonly inputRequests: Readonly<Record<string, Question>>;
  /** Comes back with the request; says nothing to the client. */
  readonly requestState: string;
}

/** An answer, or what is missing for one. */
export type Answered<Answer> = Answer | { readonly inputRequired: InputRequired };
