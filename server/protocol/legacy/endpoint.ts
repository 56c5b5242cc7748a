/**
 * Streamable HTTP as the revisions from 2024-11-05 to 2025-11-25 have it. `initialize` opens a session where the server
 * has anything to say unasked; requests without a session stand alone. A session that another pod holds is reached
 * through that pod. Must not check Host, Origin, sizes or paths; that happened before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { EventBus } from '../../events/event.ts';
import { accepts, EVENT_STREAM } from '../../http/accept.ts';
import { type Refusal, refuse } from '../../http/answer.ts';
import { openEventStream } from '../../http/event-stream.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import type { Caller } from '../../toolsets/call.ts';
import { Deadlines } from '../deadline.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Identity } from '../identity.ts';
import type { Sealer } from '../sealing.ts';
import { FORWARDED } from './admitted.ts';
import { isInitialize } from './batch.ts';
import { createForwarder } from './forward.ts';
import type { Leg } from './initialize.ts';
import { Peer } from './peer.ts';
import { answerPost, type Post, problemOf, readPost } from './post.ts';
import * as refusals from './refusals.ts';
import { eventPosition, ReplayRoom } from './replay.ts';
import { hasBatches, isLegacyRevision, type LegacyRevision, WITHOUT_HEADER } from './revisions.ts';
import { Session } from './session.ts';
import { mintSessionId, podOf } from './session-id.ts';
import { Sessions } from './sessions.ts';

export interface LegacyEndpoint {
  /**
   * Answers one POST with its parsed body, GET or DELETE; never rejects. Resolves for a POST when every request in it has
   * ended and its answer was sent or is kept, which may be long after the connection has gone, or when all were taken
   * back; for GET when its stream has begun.
   */
  handle(request: IncomingMessage, response: ServerResponse, body: unknown, caller: Caller): Promise<void>;
  readonly sessions: number;
  /**
   * Ends every session and its streams; `initialize` opens none from then on. Calls under way are cancelled, so wait for
   * what `handle` gave first.
   */
  close(): Promise<void>;
}

export interface LegacyEndpointOptions {
  readonly dispatch: Dispatch;
  readonly identity: Identity;
  readonly sealer: Sealer;
  readonly bus: EventBus;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** `address:port` at which other pods reach this endpoint; without it nothing is forwarded. */
  readonly pod?: string | undefined;
  readonly limits: { readonly maxSessions: number };
  readonly sessionTtlMs?: number;
  /** The refusal of a caller who lacks these scopes. */
  readonly challenge?: (scopes: readonly string[]) => Refusal;
  readonly monotonic?: () => number;
}

/** Below the time after which common proxies take a silent answer for lost (60 s), in milliseconds. */
const PATIENCE_MS = 15_000;
/** Long, because many clients do not open a session anew when theirs has ended. */
const TTL_MS = 3_600_000;

export function createLegacyEndpoint(options: LegacyEndpointOptions): LegacyEndpoint {
  const { dispatch, identity, sealer, bus, wheel, pod, log, challenge } = options;
  const { needs } = dispatch.table;
  const opensSessions = needs.asks || needs.logging || needs.publishes.size > 0;
  const sessions = new Sessions({
    max: options.limits.maxSessions,
    ttlMs: options.sessionTtlMs ?? TTL_MS,
    wheel,
    monotonic: options.monotonic ?? (() => performance.now()),
  });
  const room = new ReplayRoom();
  const patience = new Deadlines(PATIENCE_MS);
  const forwarder = createForwarder(sealer);
  const unsubscribe = bus.subscribe((event) => {
    // Of tasks nobody hears in these revisions.
    if (event.type !== 'task') void sessions.tell(event);
  });
  const newPeer = (leg: Leg, revision: LegacyRevision): Peer =>
    new Peer({ dispatch, identity, transport: 'http' }, leg, revision);

  const stateless = (post: Post, revision: LegacyRevision, response: ServerResponse, caller: Caller): Promise<void> =>
    answerPost(post, {
      peer: newPeer('stateless', revision),
      caller,
      response,
      patience,
      canReturn: false,
      openSink: (answer) => openEventStream(answer, { wheel }),
      challenge,
    });

  const inSession = (post: Post, session: Session, response: ServerResponse, caller: Caller): Promise<void> =>
    answerPost(post, {
      peer: session.peer,
      caller,
      response,
      patience,
      canReturn: session.canReturn,
      openSink: (answer) => session.openOutbox(answer),
      challenge,
    });

  const openSession = async (post: Post, response: ServerResponse, caller: Caller): Promise<void> => {
    const id = mintSessionId(sealer, pod);
    const peer = newPeer('conversation', WITHOUT_HEADER);
    const session = new Session({ id, callerId: caller.id, peer, wheel, room });
    if (!sessions.add(session)) return refuse(response, refusals.FULL);
    response.setHeader('mcp-session-id', id);
    return inSession(post, session, response, caller);
  };

  /** For a session that is not here: on to the pod that made it, or the answer that makes a client open a new one. */
  const elsewhere = async (
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    caller: Caller,
    sessionId: string,
  ): Promise<void> => {
    const owner = request.headers[FORWARDED] === undefined ? podOf(sealer, sessionId) : undefined;
    const isAnswered =
      owner !== undefined && owner !== pod && (await forwarder.forward(request, response, body, caller, owner));
    if (!isAnswered) refuse(response, refusals.UNKNOWN_SESSION);
  };

  const post = (request: IncomingMessage, response: ServerResponse, body: unknown, caller: Caller) => {
    const { accept, 'mcp-session-id': sessionId } = request.headers;
    if (!accepts(accept, 'application/json') || !accepts(accept, EVENT_STREAM))
      return refuse(response, refusals.notAcceptable(`both application/json and ${EVENT_STREAM}`));
    const session = typeof sessionId === 'string' ? sessions.find(sessionId, caller.id) : undefined;
    if (typeof sessionId === 'string' && !session) return elsewhere(request, response, body, caller, sessionId);
    const revision = session?.peer.revision ?? revisionOf(request);
    const read = readPost(body);
    const problem = problemOf(read, hasBatches(revision));
    if (problem) return refuse(response, problem);
    if (session) return inSession(read, session, response, caller);
    if (opensSessions && isInitialize(read.messages[0])) return openSession(read, response, caller);
    return stateless(read, revision, response, caller);
  };

  const get = (request: IncomingMessage, response: ServerResponse, sessionId: string, caller: Caller) => {
    const { accept, 'last-event-id': lastEventId } = request.headers;
    if (!accepts(accept, EVENT_STREAM)) return refuse(response, refusals.notAcceptable(EVENT_STREAM));
    const session = sessions.find(sessionId, caller.id);
    if (!session) return elsewhere(request, response, undefined, caller, sessionId);
    if (lastEventId === undefined) return session.listen(response);
    const after = typeof lastEventId === 'string' ? eventPosition(lastEventId) : undefined;
    return after ? session.resume(response, after) : refuse(response, refusals.UNKNOWN_EVENT);
  };

  const remove = (request: IncomingMessage, response: ServerResponse, sessionId: string, caller: Caller) => {
    const session = sessions.find(sessionId, caller.id);
    if (!session) return elsewhere(request, response, undefined, caller, sessionId);
    sessions.end(session);
    response.writeHead(200, { 'content-length': 0 }).end();
    return undefined;
  };

  const route = (request: IncomingMessage, response: ServerResponse, body: unknown, caller: Caller) => {
    const { 'mcp-session-id': sessionId, 'mcp-protocol-version': version } = request.headers;
    if (version !== undefined && !isLegacyRevision(version)) return refuse(response, refusals.UNKNOWN_REVISION);
    if (request.method === 'POST') return post(request, response, body, caller);
    if (typeof sessionId !== 'string') return refuse(response, refusals.NOT_ALLOWED);
    return request.method === 'GET'
      ? get(request, response, sessionId, caller)
      : remove(request, response, sessionId, caller);
  };

  return {
    async handle(request, response, body, caller) {
      try {
        await route(request, response, body, caller);
      } catch (error) {
        log.error({ error }, 'a request failed outside the tools');
        refuse(response, refusals.INTERNAL);
        response.destroy();
      }
    },
    get sessions() {
      return sessions.count;
    },
    async close() {
      unsubscribe();
      await sessions.close();
      forwarder.close();
    },
  };
}

function revisionOf({ headers: { 'mcp-protocol-version': version } }: IncomingMessage): LegacyRevision {
  return isLegacyRevision(version) ? version : WITHOUT_HEADER;
}
