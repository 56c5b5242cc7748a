/**
 * Chooses the bus that a configuration allows: Redis where there is one, PostgreSQL where that is the store, otherwise
 * this process alone. What is not used is not loaded.
 */
import type { Logger } from 'pino';
import type { OpenRedis } from '../redis/redis.ts';
import { createLocalBus, type EventBus } from './event.ts';

export interface EventBusOptions {
  /** The server; its pods hear each other, and no others. */
  readonly owner: string;
  readonly log: Logger;
  readonly redis?: OpenRedis | undefined;
  readonly postgres?: { readonly urlFile: string } | undefined;
}

/** Connects in the background; until then what is published waits. */
export async function openEventBus({ owner, log, redis, postgres }: EventBusOptions): Promise<EventBus> {
  if (!redis && !postgres) return createLocalBus();
  const { createSharedBus } = await import('./shared-bus.ts');
  if (redis) {
    const { openRedisLink } = await import('./redis-link.ts');
    return createSharedBus((events) => openRedisLink({ redis, owner }, events), { log });
  }
  if (!postgres) return createLocalBus();
  const { openPostgresLink } = await import('./postgres-link.ts');
  return createSharedBus((events) => openPostgresLink({ ...postgres, owner, log }, events), { log });
}
