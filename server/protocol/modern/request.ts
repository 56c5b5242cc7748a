/**
 * A request of revision 2026-07-28 as the dispatch sees it. What is said to the client before the answer goes through a
 * channel, and so does news that the client has gone. Must not know a transport.
 */
import type { EventStream } from '../../http/event-stream.ts';
import type { Caller, Client, Step } from '../../toolsets/call.ts';
import { isAtLeast, isLogLevel } from '../log-level.ts';
import { isObject, notificationText } from '../message.ts';
import { misfit, progressToken } from '../params.ts';
import { type Answers, MODERN, type Request } from '../request.ts';
import { CLIENT_INFO, LOG_LEVEL, type ModernMessage } from './envelope.ts';

/** A stream of messages to a client that stays open for hours. */
export type Line = Pick<EventStream, 'send' | 'end' | 'whenClosed' | 'drained' | 'closed'>;

/** The way back to the client while its request is answered. */
export interface Channel {
  /** False where nothing can be sent before the answer. */
  readonly open: boolean;
  /** Sends one message before the answer; false where the client is gone. */
  say(text: string): boolean;
  /** Calls once, when the client has gone or takes its request back. */
  whenGone(listener: () => void): void;
  /** Only where `open`, and before anything was said: whoever takes the line sends the answer itself and ends it. */
  stay(): Line;
}

export class ModernRequest implements Request {
  readonly revision = MODERN;
  readonly received: ModernMessage;
  readonly channel: Channel;
  readonly caller: Caller;
  readonly transport: Request['transport'];
  readonly answers: Answers | undefined;
  #controller: AbortController | undefined;

  constructor(received: ModernMessage, channel: Channel, caller: Caller, transport: Request['transport']) {
    this.received = received;
    this.channel = channel;
    this.caller = caller;
    this.transport = transport;
    this.answers = answersOf(received);
  }

  get client(): Client {
    const { capabilities, meta } = this.received;
    const info = meta[CLIENT_INFO] as Client['info'];
    return { capabilities, ...(info && { info }) };
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal;
    const controller = (this.#controller = new AbortController());
    this.channel.whenGone(() => controller.abort());
    return controller.signal;
  }

  get progress(): Request['progress'] {
    const token = progressToken(this.received.params);
    if (!this.channel.open || token === undefined) return undefined;
    return ({ progress, total, message }: Step) => {
      const params = { progressToken: token, progress, total, message };
      this.channel.say(notificationText('notifications/progress', params));
    };
  }

  /** Clients ask for log messages request by request, or get none. */
  get message(): Request['message'] {
    const wanted = this.received.meta[LOG_LEVEL];
    if (!this.channel.open || !isLogLevel(wanted)) return undefined;
    return (level, data, logger) => {
      if (isAtLeast(level, wanted))
        this.channel.say(notificationText('notifications/message', { level, logger, data }));
    };
  }
}

/** Throws RpcError where the members have not the form that the protocol gives them. */
function answersOf({ params }: ModernMessage): Answers | undefined {
  const { inputResponses, requestState } = params;
  if (inputResponses === undefined && requestState === undefined) return undefined;
  if (inputResponses !== undefined && !isObject(inputResponses)) throw misfit('inputResponses must be an object');
  if (requestState !== undefined && typeof requestState !== 'string') throw misfit('requestState must be a string');
  return { inputResponses, requestState };
}
