/**
 * One bus for all pods of a server: what one publishes the listeners of all hear, over whatever link carries text
 * messages to everybody. After a gap in the connection listeners are told that everything may have changed. Must not
 * know PostgreSQL or Redis.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createLocalBus, type EventBus, type ServerEvent } from './event.ts';
import { createOutbox } from './outbox.ts';

/** A connection that carries messages to every process, this one included. */
export interface Link {
  send(message: string): Promise<void>;
  connected(): boolean;
  close(): Promise<void>;
}

export interface LinkEvents {
  received(message: string): void;
  /** Called for the first connection and each later one, when messages are heard again. */
  connected(): void;
  /** Messages can be sent again, and none was missed. */
  writable(): void;
}

export type OpenLink = (events: LinkEvents) => Link;

const TYPES: ReadonlySet<unknown> = new Set(['tools', 'prompts', 'resources', 'all']);
/** Of a URI or an id. */
const MAX_NAME = 8_000;
/** For what is still to be sent, and for the end of the connection. */
const CLOSE_MS = 1_000;

export function createSharedBus(openLink: OpenLink, { log }: { readonly log: Logger }): EventBus {
  let sends = true;
  let closed = false;
  const local = createLocalBus();
  const self = randomBytes(8).toString('hex');
  const link = openLink({
    received(message) {
      const parsed = parse(message);
      if (!parsed) return log.warn({ length: message.length }, 'an event that cannot be read was left out');
      if (parsed.from !== self) for (const event of parsed.events) local.publish(event);
    },
    connected() {
      local.publish({ type: 'all' });
      outbox.flush();
    },
    writable: () => outbox.flush(),
  });
  const outbox = createOutbox({
    connected: () => !closed && link.connected(),
    async send(events) {
      try {
        await link.send(JSON.stringify({ from: self, events }));
        if (!sends) log.info('events reach the other pods again');
        sends = true;
      } catch (error) {
        if (sends) log.warn({ error }, 'events do not reach the other pods');
        sends = false;
        throw error;
      }
    },
  });
  return {
    publish(event) {
      local.publish(event);
      outbox.add(event);
    },
    subscribe: (listener) => local.subscribe(listener),
    ready: () => sends && link.connected(),
    async close() {
      await atMost(CLOSE_MS, outbox.idle());
      closed = true;
      await atMost(CLOSE_MS, link.close());
      await local.close();
    },
  };
}

/** Resolves with the work, or without it when its time is over. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Others may write to the same database; what does not fit is not an event. */
function parse(message: string): { from: unknown; events: readonly ServerEvent[] } | undefined {
  let value: { from?: unknown; events?: unknown } | null;
  try {
    value = JSON.parse(message) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !Array.isArray(value.events)) return undefined;
  return { from: value.from, events: value.events.filter(isEvent) };
}

function isEvent(value: unknown): value is ServerEvent {
  const { type, uri, id } = (value ?? {}) as { readonly type?: unknown; readonly uri?: unknown; readonly id?: unknown };
  return TYPES.has(type) || (type === 'resource' && isName(uri)) || (type === 'task' && isName(id));
}

const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_NAME;
