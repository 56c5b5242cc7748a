/**
 * Messages over Redis' publish and subscribe. Must not know what a message says.
 */
import type { OpenRedis } from '../redis/redis.ts';
import type { Link, LinkEvents } from './shared-bus.ts';

/** A connection that died without a word is noticed by a question now and then. */
const PROBE_MS = 10_000;

export interface RedisLinkOptions {
  readonly redis: OpenRedis;
  /** Its pods hear each other. */
  readonly server: string;
  readonly probeMs?: number | undefined;
}

export function openRedisLink({ redis, server, probeMs = PROBE_MS }: RedisLinkOptions, events: LinkEvents): Link {
  const channel = `mcp-fleet:${server}:events`;
  const subscriber = redis.subscriber();
  let subscribed = false;
  subscriber.on('message', (_channel: string, message: string) => events.received(message));
  subscriber.on('close', () => {
    subscribed = false;
  });
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(
      () => {
        subscribed = true;
        events.connected();
      },
      () => subscriber.disconnect(true),
    );
  });
  // The connection for commands may come after the one that listens.
  redis.commands.on('ready', () => events.writable());
  let probing: Promise<unknown> | undefined;
  const probe = setInterval(() => {
    if (!subscribed) return;
    probing ??= subscriber
      .ping()
      .catch(() => {
        subscribed = false; // its end comes late where nobody answers
        subscriber.disconnect(true);
      })
      .finally(() => (probing = undefined));
  }, probeMs);
  probe.unref();
  return {
    async send(message) {
      await redis.commands.publish(channel, message);
    },
    connected: () => subscribed && redis.commands.status === 'ready',
    async close() {
      clearInterval(probe);
      subscriber.disconnect();
    },
  };
}
