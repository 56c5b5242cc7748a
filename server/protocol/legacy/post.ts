/**
 * One POST of a conversation: its messages are handed to the peer, and what the peer answers goes back in an exchange.
 * Must not know sessions.
 */
import type { ServerResponse } from 'node:http';
import type { Refusal } from '../../http/answer.ts';
import type { Caller } from '../../toolsets/call.ts';
import type { Deadlines } from '../deadline.ts';
import { errorText, type Message, type RequestMessage, readMessage } from '../message.ts';
import { INVALID_REQUEST, REFUSED, ScopeRequired } from '../rpc-error.ts';
import { batchProblem, readBatch } from './batch.ts';
import { Exchange, type Sink } from './exchange.ts';
import type { Peer } from './peer.ts';

export interface Post {
  readonly isBatch: boolean;
  readonly messages: readonly Message[];
}

export interface PostOptions {
  readonly peer: Peer;
  readonly caller: Caller;
  readonly response: ServerResponse;
  /** When a silent answer becomes a stream. */
  readonly patience: Deadlines;
  /** Clients learn at the begin of a stream how to come back to it. */
  readonly canReturn: boolean;
  /** Makes the answer a stream. */
  openSink(response: ServerResponse): Sink;
  /** The refusal of a caller who lacks these scopes. */
  challenge?: ((scopes: readonly string[]) => Refusal) | undefined;
}

export const readPost = (body: unknown): Post =>
  Array.isArray(body)
    ? { isBatch: true, messages: readBatch(body) }
    : { isBatch: false, messages: [readMessage(body)] };

/** Why nothing of a POST can be done; undefined where something can. */
export function problemOf({ isBatch, messages }: Post, batches: boolean): Refusal | undefined {
  const [first] = messages;
  const single = first?.kind === 'invalid' ? first.problem : undefined;
  const problem = isBatch ? batchProblem(messages, batches) : single;
  return problem === undefined ? undefined : invalid(problem);
}

const invalid = (problem: string): Refusal => ({
  status: 400,
  reason: 'request',
  code: INVALID_REQUEST,
  message: `Invalid Request: ${problem}`,
});

/** Resolves when everything is answered or nobody waits for it any more. Rejects for programming errors only. */
export async function answerPost({ isBatch, messages }: Post, options: PostOptions): Promise<void> {
  const { peer, response } = options;
  const count = messages.filter(({ kind }) => kind === 'request' || kind === 'invalid').length;
  const exchange = count === 0 ? undefined : new Exchange({ ...options, count, isBatch });
  const answers: Promise<void>[] = [];
  for (const message of messages) {
    if (message.kind === 'request' && exchange) answers.push(answer(message, exchange, options));
    else if (message.kind === 'notification') peer.notified(message);
    else if (message.kind === 'response') peer.responded(message);
    else if (message.kind === 'invalid')
      exchange?.reply(errorText(message.id, INVALID_REQUEST, `Invalid Request: ${message.problem}`));
  }
  if (exchange) await Promise.race([Promise.all(answers), exchange.abandoned]);
  else response.writeHead(202, { 'content-length': 0 }).end();
}

async function answer(
  message: RequestMessage,
  exchange: Exchange,
  { peer, caller, challenge }: PostOptions,
): Promise<void> {
  try {
    exchange.reply(await peer.answer(message, caller, exchange.channel()));
  } catch (error) {
    if (!(error instanceof ScopeRequired)) throw error;
    if (challenge && exchange.refuse(challenge(error.scopes))) return;
    exchange.reply(errorText(message.id, REFUSED, error.message));
  }
}
