/**
 * What a controller needs of a cached kind, whoever fills the cache: the store and whether it is complete. reflector.ts
 * is the one that fills it from the API server.
 */
import type { Cached, KubeObject, Resource } from './object.ts';
import type { Store } from './store.ts';

export interface Informer<T extends Cached = Cached> {
  readonly resource: Resource;
  readonly store: Store<T>;
  /** True once everything that existed at the start has been seen. */
  hasSynced(): boolean;
  /** Resolves when hasSynced() turns true; rejects with the signal's reason. */
  whenSynced(signal?: AbortSignal): Promise<void>;
}

/** Makes the small thing the cache keeps out of an object as it came in. */
export type Projection<W extends KubeObject, T extends Cached> = (object: W) => T;
