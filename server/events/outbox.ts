/**
 * Events on their way to other processes: equal ones once, as many together as fit one message, one message under way
 * at a time, and kept while there is no connection. Bounded: too many become one that stands for all. Must not know
 * how messages travel.
 */
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { keyOf, type ServerEvent } from './event.ts';

/** PostgreSQL takes less than 8000 bytes in one notification. */
export const MAX_MESSAGE_BYTES = 7_900;
const MAX_PENDING = 1_000;
const RETRY_MS = 500;
/** Room for the name of the sender and the braces around the events. */
const ENVELOPE_BYTES = 100;

export interface Outbox {
  add(event: ServerEvent): void;
  /** Sends what waits; called again after a connection has come back. */
  flush(): void;
  /** Resolves when nothing is under way and nothing can be sent. */
  idle(): Promise<void>;
}

export interface OutboxOptions {
  /** Says why where the message may not have arrived, and rejects; then it is kept, and sent again soon. */
  readonly send: (events: readonly ServerEvent[]) => Promise<void>;
  readonly connected: () => boolean;
}

export function createOutbox({ send, connected }: OutboxOptions): Outbox {
  const pending = new Map<string, ServerEvent>();
  let sending: Promise<void> | undefined;

  const add = (event: ServerEvent): void => {
    if (pending.has('all')) return;
    if (event.type === 'all' || pending.size >= MAX_PENDING || sizeOf(event) > MAX_MESSAGE_BYTES - ENVELOPE_BYTES) {
      pending.clear();
      pending.set('all', { type: 'all' });
    } else pending.set(keyOf(event), event);
  };
  const next = (): ServerEvent[] => {
    const events: ServerEvent[] = [];
    let bytes = ENVELOPE_BYTES;
    for (const [key, event] of pending) {
      bytes += sizeOf(event);
      if (bytes > MAX_MESSAGE_BYTES) break;
      events.push(event);
      pending.delete(key);
    }
    return events;
  };
  const drain = async (): Promise<void> => {
    // What is published in one turn of the event loop goes out together.
    await immediate();
    while (pending.size > 0 && connected()) {
      const events = next();
      try {
        await send(events);
      } catch {
        // `send` has said why
        for (const event of events) add(event);
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
    sending = undefined;
  };
  const flush = (): void => {
    if (pending.size > 0 && connected()) sending ??= drain();
  };
  return {
    add(event) {
      add(event);
      flush();
    },
    flush,
    idle: async () => sending,
  };
}

const sizeOf = (event: ServerEvent): number => Buffer.byteLength(JSON.stringify(event)) + 1;
