/**
 * Several messages as one array, which few revisions have: bounded, and what must not be among them. Must not know a
 * transport.
 */
import { type Message, readMessage } from '../message.ts';

/** Messages. */
export const MAX_BATCH = 64;

/** One more than is allowed at the most. */
export const readBatch = (values: readonly unknown[]): readonly Message[] =>
  values.slice(0, MAX_BATCH + 1).map(readMessage);

/** Why nothing of it can be done; undefined where something can. `spoken`: the revision has batches. */
export function batchProblem(messages: readonly Message[], spoken: boolean): string | undefined {
  if (!spoken) return 'this revision of the protocol has no batches';
  if (messages.length === 0) return 'the batch is empty';
  if (messages.length > MAX_BATCH) return `a batch has at most ${MAX_BATCH} messages`;
  if (messages.some(isInitialize)) return 'initialize must not be part of a batch';
  return undefined;
}

export const isInitialize = (message: Message | undefined): boolean =>
  message?.kind === 'request' && message.method === 'initialize';
