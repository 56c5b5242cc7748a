/**
 * Writes volume claims, which may outlive what asked for them. A retained claim has no owner, so it is known by who made
 * it, and an object of the same name that comes later takes it up again with its data. A claim that somebody else made
 * or owns is left alone.
 */

import type { Ensured } from '#operator/kit/apply.ts';
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import { isConflict } from '#operator/kit/errors.ts';
import { controllerOf, formatKey, keyOf } from '#operator/kit/object.ts';
import { intendedHash } from '#operator/kit/owned.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import type { Store } from '#operator/kit/store.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';

/** No object ever has this version, so an apply that demands it creates or is refused, and cannot adopt. */
const ONLY_IF_MISSING = '1';

interface Written {
  readonly resourceVersion: string;
  readonly hash: string;
}

/**
 * Whether this claim belongs to the owner with this uid or, without an owner, was made by this operator. One that came
 * back from a backup, without a record of who wrote it, is known by its labels.
 */
export function isOurClaim(claim: CachedChild, ownerUid: string, labels: Readonly<Record<string, string>>): boolean {
  const owner = controllerOf(claim);
  if (owner !== undefined) return owner.uid === ownerUid;
  if (claim.ownedHash !== '') return true;
  return Object.entries(labels).every(([name, value]) => claim.metadata.labels[name] === value);
}

export class ClaimWriter {
  readonly #client: Client;
  /** Writes that the cache may not show yet. */
  readonly #written = new Map<string, Written>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** `ownerUid` is that of the object that asks, whether or not the intent names it as owner. */
  async ensure(
    intent: PersistentVolumeClaim,
    ownerUid: string,
    store: Store<CachedChild>,
    options: RequestOptions = {},
  ): Promise<Ensured> {
    const key = keyOf(intent);
    const id = formatKey(key);
    const hash = intendedHash(intent);
    const written = this.#written.get(id);
    if (written !== undefined && !store.caughtUpTo(key.namespace, written.resourceVersion)) {
      if (written.hash === hash) return { outcome: 'unchanged' };
    } else this.#written.delete(id);
    const cached = store.get(key);
    if (cached === undefined) return this.#create(id, intent, hash, options);
    if (!isOurClaim(cached, ownerUid, intent.metadata.labels ?? {})) {
      return {
        outcome: 'name-conflict',
        resource: persistentVolumeClaims,
        name: key.name,
        owner: controllerOf(cached),
      };
    }
    if (cached.metadata.deletionTimestamp !== undefined) return { outcome: 'deleting' };
    if (cached.ownedHash === hash) return { outcome: 'unchanged' };
    await this.#apply(id, { ...intent, metadata: { ...intent.metadata, uid: cached.metadata.uid } }, hash, options);
    return { outcome: 'updated' };
  }

  async #create(id: string, intent: PersistentVolumeClaim, hash: string, options: RequestOptions): Promise<Ensured> {
    const sent = { ...intent, metadata: { ...intent.metadata, resourceVersion: ONLY_IF_MISSING } };
    try {
      await this.#apply(id, sent, hash, options);
      return { outcome: 'created' };
    } catch (error) {
      // It is there already and on its way to the cache, which will wake the controller.
      if (isConflict(error)) return { outcome: 'unchanged' };
      throw error;
    }
  }

  async #apply(id: string, intent: PersistentVolumeClaim, hash: string, options: RequestOptions): Promise<void> {
    const answer = await this.#client.apply(persistentVolumeClaims, intent, options);
    this.#written.set(id, { resourceVersion: answer.metadata.resourceVersion, hash });
  }
}
