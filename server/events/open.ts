/**
 * Chooses the bus that a configuration allows: Redis where there is one, PostgreSQL where that is the store, otherwise
 * this process alone. What is not used is not loaded.
 */
import type { Logger } from 'pino';
import type { OpenRedis } from '../redis/redis.ts';
import { createLocalBus, type EventBus } from './event.ts';
import type { OpenLink } from './shared-bus.ts';

export interface EventBusOptions {
  /** Its pods hear each other, and no others. */
  readonly server: string;
  readonly log: Logger;
  readonly redis?: OpenRedis | undefined;
  readonly postgres?: { readonly urlFile: string } | undefined;
  /** How often a connection is asked whether it still lives, in milliseconds. */
  readonly probeMs?: number | undefined;
}

/** Connects in the background; until then what is published waits. */
export async function openEventBus(options: EventBusOptions): Promise<EventBus> {
  const openLink = await linkOf(options);
  if (!openLink) return createLocalBus();
  const { createSharedBus } = await import('./shared-bus.ts');
  return createSharedBus(openLink, options);
}

async function linkOf({ redis, postgres, ...options }: EventBusOptions): Promise<OpenLink | undefined> {
  if (redis) {
    const { openRedisLink } = await import('./redis-link.ts');
    return (events) => openRedisLink({ ...options, redis }, events);
  }
  if (postgres) {
    const { openPostgresLink } = await import('./postgres-link.ts');
    return (events) => openPostgresLink({ ...options, ...postgres }, events);
  }
  return undefined;
}
