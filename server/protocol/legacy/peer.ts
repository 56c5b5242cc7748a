/**
 * The server's end of one conversation with a client of a revision with `initialize`: what is remembered of it, how its
 * messages are answered, and what it is told unasked. A stateless request is a conversation of one message. Must not
 * know a transport: whoever carries the conversation gives each request its own way back.
 */
import type { ServerEvent } from '../../events/event.ts';
import type { Caller, Client } from '../../toolsets/call.ts';
import { ToolError } from '../../toolsets/toolset.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Identity } from '../identity.ts';
import { isAtLeast, type LogLevel } from '../log-level.ts';
import {
  errorText,
  type Id,
  type NotificationMessage,
  notificationText,
  type RequestMessage,
  type ResponseMessage,
  resultText,
} from '../message.ts';
import { progressToken } from '../params.ts';
import type { Question, Request } from '../request.ts';
import { INVALID_REQUEST, ResourceNotFound, RpcError, ScopeRequired } from '../rpc-error.ts';
import { Asks } from './asks.ts';
import { initializeResult, type Leg, readInitialize } from './initialize.ts';
import { answerMethod, type Wishes } from './methods.ts';
import type { LegacyRevision } from './revisions.ts';
import type { Running } from './running.ts';
import { Watched } from './watched.ts';

/** What all conversations of a server share. */
export interface PeerOptions {
  readonly dispatch: Dispatch;
  readonly identity: Identity;
  readonly transport: 'http' | 'stdio';
}

/** The way back to the client for what belongs to one request. */
export interface Channel {
  readonly running: Running;
  say(text: string): void;
  /** Lets go of the client's connection, where the client can come back for the rest. */
  readonly detach?: (() => void) | undefined;
}

/** What revisions before 2026-07-28 call a resource that is not there. */
const RESOURCE_NOT_FOUND = -32_002;
const NOBODY: Client = { capabilities: {} };

export class Peer {
  revision: LegacyRevision;
  client: Client = NOBODY;
  readonly #options: PeerOptions;
  readonly #leg: Leg;
  readonly #wishes: Wishes = { level: undefined, watched: new Watched() };
  readonly #running = new Map<Id, Running>();
  readonly #asks = new Asks();

  constructor(options: PeerOptions, leg: Leg, revision: LegacyRevision) {
    this.#options = options;
    this.#leg = leg;
    this.revision = revision;
  }

  /** Requests that are not answered yet. */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** The answer's text; undefined where the client has taken the request back. Rejects with ScopeRequired only. */
  async answer({ id, method, params }: RequestMessage, caller: Caller, channel: Channel): Promise<string | undefined> {
    const { running } = channel;
    const { dispatch } = this.#options;
    this.#running.set(id, running);
    try {
      const request = new PeerRequest(this, caller, channel, progressToken(params));
      const result =
        method === 'initialize'
          ? this.#initialize(params)
          : await answerMethod(method, { dispatch, leg: this.#leg, wishes: this.#wishes, request, params });
      return running.aborted ? undefined : resultText(id, result);
    } catch (error) {
      if (running.aborted) return undefined;
      if (error instanceof ScopeRequired) throw error;
      return failureText(id, error);
    } finally {
      // Another request may have taken the same id meanwhile.
      if (this.#running.get(id) === running) this.#running.delete(id);
    }
  }

  notified({ method, params }: NotificationMessage): void {
    if (method !== 'notifications/cancelled') return;
    const running = this.#running.get(params['requestId'] as Id);
    running?.abort();
  }

  /** False where nobody waits for this answer. */
  responded(message: ResponseMessage): boolean {
    return this.#asks.settle(message);
  }

  /** What the client is to be told of an event; nothing where it does not care. */
  noticesOf(event: ServerEvent): readonly string[] {
    const { watched } = this.#wishes;
    if (event.type === 'resource') return watched.has(event.uri) ? [updated(event.uri)] : [];
    const { publishes } = this.#options.dispatch.table.needs;
    const changed = (['tools', 'prompts', 'resources'] as const).filter(
      (list) => publishes.has(list) && (event.type === 'all' || event.type === list),
    );
    return [
      ...changed.map((list) => notificationText(`notifications/${list}/list_changed`)),
      ...(event.type === 'all' ? [...watched].map(updated) : []),
    ];
  }

  /** Nothing goes back to the client any more. */
  close(reason: string): void {
    for (const running of this.#running.values()) running.abort();
    this.hangUp(reason);
  }

  /** The client answers no more questions. */
  hangUp(reason: string): void {
    this.#asks.close(new ToolError(reason));
  }

  get level(): LogLevel | undefined {
    return this.#wishes.level;
  }

  get transport(): 'http' | 'stdio' {
    return this.#options.transport;
  }

  get isStateless(): boolean {
    return this.#leg === 'stateless';
  }

  ask(question: Question, signal: AbortSignal, say: (text: string) => void): Promise<unknown> {
    return this.#asks.ask(question, signal, say);
  }

  #initialize(params: RequestMessage['params']): string {
    if (this.client !== NOBODY) throw new RpcError(INVALID_REQUEST, 'Invalid Request: Server already initialized');
    const { revision, client } = readInitialize(params);
    this.revision = revision;
    this.client = client;
    const { dispatch, identity } = this.#options;
    return JSON.stringify(initializeResult(dispatch.table, identity, revision));
  }
}

/** One request as the dispatch sees it; what most requests do not use is made when it is looked at. */
class PeerRequest implements Request {
  readonly #peer: Peer;
  readonly #channel: Channel;
  readonly #token: Id | undefined;
  readonly caller: Caller;

  constructor(peer: Peer, caller: Caller, channel: Channel, token: Id | undefined) {
    this.#peer = peer;
    this.caller = caller;
    this.#channel = channel;
    this.#token = token;
  }

  get transport() {
    return this.#peer.transport;
  }

  get revision() {
    return this.#peer.revision;
  }

  get client() {
    return this.#peer.client;
  }

  get signal() {
    return this.#channel.running.signal;
  }

  get detach() {
    return this.#channel.detach;
  }

  get progress(): Request['progress'] {
    const progressToken = this.#token;
    if (progressToken === undefined) return undefined;
    return (step) => this.#say('notifications/progress', { progressToken, ...step });
  }

  get message(): Request['message'] {
    const wanted = this.#peer.level;
    if (wanted === undefined) return undefined;
    return (level, data, logger) => {
      if (isAtLeast(level, wanted)) this.#say('notifications/message', { level, ...(logger && { logger }), data });
    };
  }

  get standsAlone() {
    return this.#peer.isStateless;
  }

  get ask(): Request['ask'] {
    return (question, signal) => this.#peer.ask(question, signal, (text) => this.#channel.say(text));
  }

  #say(method: string, params: object): void {
    if (!this.#channel.running.aborted) this.#channel.say(notificationText(method, params));
  }
}

const updated = (uri: string): string => notificationText('notifications/resources/updated', { uri });

function failureText(id: Id, error: unknown): string {
  if (error instanceof ResourceNotFound) return errorText(id, RESOURCE_NOT_FOUND, error.message, error.data);
  if (error instanceof RpcError) return errorText(id, error.code, error.message, error.data);
  throw error; // a programming error
}
