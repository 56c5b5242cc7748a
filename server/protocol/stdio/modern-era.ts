/**
 * Revision 2026-07-28 over a connection: every request stands alone, and only requests under way are known, so that
 * they can be taken back.
 */
import type { EventBus } from '../../events/event.ts';
import type { Caller } from '../../toolsets/call.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Identity } from '../identity.ts';
import { errorText, type Id, type Params, type RequestMessage, resultText } from '../message.ts';
import { checkVersion, type ModernMessage, readEnvelope } from '../modern/envelope.ts';
import { createMethods, type Extension, type Method } from '../modern/methods.ts';
import { type Channel, type Line, ModernRequest } from '../modern/request.ts';
import { createResults, textOf } from '../modern/results.ts';
import { Subscriptions } from '../modern/subscriptions.ts';
import { MODERN } from '../request.ts';
import { RpcError, UNSUPPORTED_VERSION } from '../rpc-error.ts';
import type { Era, Say } from './era.ts';

export interface ModernEraOptions {
  readonly dispatch: Dispatch;
  readonly identity: Identity;
  readonly bus: EventBus;
  readonly maxSubscriptions: number;
  readonly extensions?: readonly Extension[] | undefined;
  readonly caller: Caller;
  readonly say: Say;
}

/** Of a revision that the client names, in characters. */
const MAX_REQUESTED = 128;

export function createModernEra({ dispatch, identity, caller, say, ...options }: ModernEraOptions): Era {
  const results = createResults(identity);
  const subscriptions = new Subscriptions({ ...options, table: dispatch.table, results, endMs: () => 0 });
  const methods = createMethods({ dispatch, results, subscriptions, extensions: options.extensions ?? [] });
  const open = new Map<Id, PipeChannel>();

  const resultOf = (message: RequestMessage, channel: Channel): ReturnType<Method['answer']> => {
    if (message.method === 'initialize') throw pinned(message.params);
    const received = checked(message);
    const method = methods.get(message.method);
    if (!method) throw dispatch.unknownMethod('stdio');
    return method.answer(message.params, new ModernRequest(received, channel, caller, 'stdio'));
  };

  return {
    hasBatches: false,
    hasErrorsWithoutId: true,
    isChosenBy(message) {
      try {
        checked(message);
        return true;
      } catch (error) {
        if (error instanceof RpcError) return false; // it is refused, and its client may try another revision
        throw error;
      }
    },
    async answer(message) {
      const { id } = message;
      const channel = new PipeChannel(say);
      open.set(id, channel);
      try {
        const result = await Promise.race([resultOf(message, channel), channel.gone]);
        if (result !== undefined) return resultText(id, textOf(result));
        await channel.gone; // it may be a line, which the client can take back as long as it is there
        return undefined;
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        return errorText(id, error.code, error.message, error.data);
      } finally {
        // Another request may have taken the same id meanwhile.
        if (open.get(id) === channel) open.delete(id);
      }
    },
    notified({ method, params }) {
      if (method === 'notifications/cancelled') open.get(params['requestId'] as Id)?.end();
    },
    responded: () => undefined, // this revision asks nothing
    tell: () => undefined, // subscriptions hear of events themselves
    hangUp: () => subscriptions.close(),
  };
}

/** Throws RpcError. */
function checked(message: RequestMessage): ModernMessage {
  const received = readEnvelope(message);
  checkVersion(received.version);
  return received;
}

const pinned = ({ protocolVersion }: Params): RpcError =>
  new RpcError(UNSUPPORTED_VERSION, `This connection speaks ${MODERN} since its first request.`, {
    supported: [MODERN],
    ...(typeof protocolVersion === 'string' && { requested: protocolVersion.slice(0, MAX_REQUESTED) }),
  });

/** One request's way back, until it is taken back. */
class PipeChannel implements Channel, Line {
  readonly open = true;
  readonly #say: Say;
  readonly #listeners: (() => void)[] = [];
  readonly #gone = Promise.withResolvers<undefined>();
  #ended = false;

  constructor(say: Say) {
    this.#say = say;
  }

  /** Resolves when the request is taken back. */
  get gone(): Promise<undefined> {
    return this.#gone.promise;
  }

  say(text: string): boolean {
    if (!this.#ended) this.#say(text);
    return !this.#ended;
  }

  whenGone(listener: () => void): void {
    if (this.#ended) listener();
    else this.#listeners.push(listener);
  }

  stay(): Line {
    return this;
  }

  get closed(): boolean {
    return this.#ended;
  }

  send(text: string): boolean {
    return this.say(text);
  }

  whenClosed(listener: () => void): void {
    this.whenGone(listener);
  }

  async drained(): Promise<void> {
    // a client that does not read is not read from, and one pipe is all there is
  }

  end(): void {
    this.#ended = true;
    for (const listener of this.#listeners.splice(0)) listener();
    this.#gone.resolve(undefined);
  }
}
