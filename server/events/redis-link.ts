/**
 * Messages over Redis' publish and subscribe. Must not know what a message says.
 */
import type { OpenRedis } from '../redis/redis.ts';
import type { Link, LinkEvents } from './shared-bus.ts';

/** A connection that died without a word is noticed by a question now and then. */
const PROBE_MS = 10_000;

/** Those with the same owner hear each other. */
export function openRedisLink(
  { redis, owner }: { readonly redis: OpenRedis; readonly owner: string },
  events: LinkEvents,
): Link {
  const channel = `mcp-fleet:${owner}:events`;
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
  const probe = setInterval(() => {
    if (subscribed) subscriber.ping().catch(() => subscriber.disconnect(true));
  }, PROBE_MS);
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
