/**
 * The guarded writer: applies an intent only when the live object differs from it in what we own, and never takes over
 * an object somebody else made. It compares hashes from the cache (owned.ts), so a converged object costs no request,
 * also after a restart; its own writes are remembered until the cache has caught up with them.
 */
import { type Client, fieldManager, type RequestOptions } from './client.ts';
import { isConflict, isInvalid, isNotFound } from './errors.ts';
import type { Logger } from './log.ts';
import {
  apiVersionOf,
  type Cached,
  controllerOf,
  formatKey,
  type Json,
  type Key,
  type KubeObject,
  keyOf,
  type OwnerReference,
  type Resource,
} from './object.ts';
import { canonical, hashOf, intendedHash, ownedHash } from './owned.ts';
import type { CachedChild } from './projection.ts';
import { seizedFields, seizePatch } from './seize.ts';
import type { Store } from './store.ts';
import type { PartialObjectMetadata } from './wire.ts';

/** What became of an intent. */
export type Ensured =
  | { readonly outcome: 'unchanged' | 'created' | 'updated' }
  /** The object is going away; its deletion will wake the controller. */
  | { readonly outcome: 'deleting' }
  /** The name is taken by an object another owner, or nobody, controls. */
  | {
      readonly outcome: 'name-conflict';
      readonly resource: Resource;
      readonly name: string;
      readonly owner: OwnerReference | undefined;
    };

export interface EnsureOptions extends RequestOptions {
  /** Makes the object when it is missing and never changes it afterwards (generated keys, retained volumes). */
  readonly createOnly?: boolean;
}

export interface ApplierOptions {
  readonly client: Client;
  readonly log: Logger;
}

/** Tells whether a cache has seen everything up to a version; stores of any kind do. */
type View = Pick<Store<Cached>, 'caughtUpTo'>;

/** Where a write goes, and how it is remembered. */
interface Target {
  readonly id: string;
  readonly namespace: string;
  readonly view: View;
  /** Hash of what is wanted. */
  readonly intent: string;
}

/** A write of ours which the cache may not show yet. */
interface Written extends Target {
  readonly resourceVersion: string;
  /** The live object's hash for this intent, where the API server stores another spelling than was sent. */
  readonly spelledAs?: string;
}

/** The object in the cache: its version and the hash of what we own in it. */
interface Live {
  readonly resourceVersion: string;
  readonly hash: string;
}

/** No object ever has this version, so an apply that demands it creates or fails with 409, and cannot adopt. */
const onlyIfMissing = '1';

export class Applier {
  readonly #client: Client;
  readonly #log: Logger;
  readonly #written = new Map<string, Written>();
  #sweepAt = 1024;

  constructor(options: ApplierOptions) {
    this.#client = options.client;
    this.#log = options.log;
  }

  /** Makes the live object hold the intent. The intent names its controller in ownerReferences. */
  async ensure<T extends CachedChild>(
    resource: Resource,
    intent: KubeObject,
    store: Store<T>,
    options: EnsureOptions = {},
  ): Promise<Ensured> {
    const owner = controllerOf(intent);
    const key = keyOf(intent);
    if (owner === undefined) throw new TypeError(`the intent of ${resource.kind} ${key.name} names no controller`);
    const target = this.#target(resource, key, store, intendedHash(intent));
    const cached = store.get(key);
    if (cached === undefined) {
      if (this.#awaits(target, options.createOnly === true)) return { outcome: 'unchanged' };
      return this.#create(resource, intent, owner, target, options);
    }
    if (controllerOf(cached)?.uid !== owner.uid) return conflict(resource, key.name, controllerOf(cached));
    if (cached.metadata.deletionTimestamp !== undefined) return { outcome: 'deleting' };
    if (options.createOnly === true) return { outcome: 'unchanged' };
    const live = { resourceVersion: cached.metadata.resourceVersion, hash: cached.ownedHash };
    if (this.#settled(target, live)) return { outcome: 'unchanged' };
    return this.#update(resource, intent, cached.metadata.uid, target, live, options);
  }

  /** Applies the status when it differs from the cached one; true when it wrote. */
  async applyStatus(
    resource: Resource,
    cached: Cached & { readonly status?: unknown },
    status: object,
    store: View,
    options: RequestOptions = {},
  ): Promise<boolean> {
    const { namespace, name, uid, resourceVersion } = cached.metadata;
    const target = this.#target(resource, cached.metadata, store, hashOf(canonical(status as Json)), '/status');
    const live = { resourceVersion, hash: hashOf(canonical((cached.status ?? {}) as Json)) };
    if (this.#settled(target, live)) return false;
    const metadata = { name, uid, ...(namespace === '' ? {} : { namespace }) };
    const intent = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status };
    this.#remember(target, await this.#client.applyStatus(resource, intent, options), live);
    return true;
  }

  /** Deletes exactly this object; one that took its name since stays. True when there was something to delete. */
  async remove(resource: Resource, cached: Cached, options: RequestOptions = {}): Promise<boolean> {
    if (cached.metadata.deletionTimestamp !== undefined) return false;
    try {
      return await this.#client.delete(resource, cached.metadata, { ...options, uid: cached.metadata.uid });
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  async #create(
    resource: Resource,
    intent: KubeObject,
    owner: OwnerReference,
    target: Target,
    options: EnsureOptions,
  ): Promise<Ensured> {
    try {
      const sent = { ...intent, metadata: { ...intent.metadata, resourceVersion: onlyIfMissing } };
      this.#remember(target, await this.#client.apply(resource, sent, options));
      return { outcome: 'created' };
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    // Somebody was first: an earlier attempt of ours the cache does not show yet, or a stranger.
    let found: KubeObject;
    try {
      found = await this.#client.get(resource, keyOf(intent), options);
    } catch (error) {
      if (isNotFound(error)) return { outcome: 'deleting' };
      throw error;
    }
    const { uid, resourceVersion, deletionTimestamp, name } = found.metadata;
    if (controllerOf(found)?.uid !== owner.uid) return conflict(resource, name, controllerOf(found));
    if (deletionTimestamp !== undefined) return { outcome: 'deleting' };
    const live = { resourceVersion: resourceVersion ?? '', hash: ownedHash(found, fieldManager) };
    if (options.createOnly === true || live.hash === target.intent) {
      this.#written.set(target.id, { ...target, resourceVersion: live.resourceVersion });
      return { outcome: 'unchanged' };
    }
    return this.#update(resource, intent, uid ?? '', target, live, options);
  }

  async #update(
    resource: Resource,
    intent: KubeObject,
    uid: string,
    target: Target,
    live: Live,
    options: RequestOptions,
  ): Promise<Ensured> {
    const sent = { ...intent, metadata: { ...intent.metadata, uid } };
    try {
      this.#remember(target, await this.#client.apply(resource, sent, options), live);
      return { outcome: 'updated' };
    } catch (error) {
      // The object with this uid is gone: its deletion is under way to the cache and will wake the controller.
      if (isConflict(error)) return { outcome: 'deleting' };
      if (!isInvalid(error) || !(await this.#seize(resource, keyOf(intent), uid, options))) throw error;
    }
    this.#remember(target, await this.#client.apply(resource, sent, options));
    return { outcome: 'updated' };
  }

  /** Takes over what others put into the body of our object, so that the next apply removes it; false if there is none. */
  async #seize(resource: Resource, key: Key, uid: string, options: RequestOptions): Promise<boolean> {
    const live = await this.#client.get(resource, key, options);
    const managedFields = live.metadata.uid === uid ? seizedFields(live, fieldManager) : undefined;
    if (managedFields === undefined) return false;
    this.#log.info({ object: formatKey(key), kind: resource.kind }, 'fields of others exclude ours and are taken over');
    await this.#client.patch(resource, key, seizePatch(live, managedFields), { ...options, type: 'json' });
    return true;
  }

  #target(resource: Resource, key: Key, view: View, intent: string, suffix = ''): Target {
    const id = `${resource.plural}.${resource.group}/${formatKey(key)}${suffix}`;
    return { id, namespace: key.namespace, view, intent };
  }

  /** Whether our own creation of this object is still on its way to the cache. */
  #awaits(target: Target, whateverIntent: boolean): boolean {
    const written = this.#written.get(target.id);
    if (written === undefined || target.view.caughtUpTo(target.namespace, written.resourceVersion)) return false;
    return whateverIntent || written.intent === target.intent;
  }

  /** Whether the live object holds the intent already, or will once the cache shows our last write. */
  #settled(target: Target, live: Live): boolean {
    const written = this.#written.get(target.id);
    if (written !== undefined && !target.view.caughtUpTo(target.namespace, written.resourceVersion)) {
      return written.intent === target.intent;
    }
    if (live.hash === target.intent) {
      this.#written.delete(target.id);
      return true;
    }
    if (written === undefined || written.intent !== target.intent) return false;
    if (written.spelledAs === live.hash) return true;
    if (written.resourceVersion !== live.resourceVersion) return false;
    this.#respell(written, live.hash);
    return true;
  }

  #remember(target: Target, answer: PartialObjectMetadata, before?: Live): void {
    const written = { ...target, resourceVersion: answer.metadata.resourceVersion };
    this.#written.set(target.id, written);
    // An apply that changed nothing although the hashes differ: the same thing in another spelling.
    if (before?.resourceVersion === written.resourceVersion) this.#respell(written, before.hash);
    if (this.#written.size > this.#sweepAt) this.#sweep();
  }

  /** Such an intent costs one write after each restart, so its builder should use the API server's spelling. */
  #respell(written: Written, hash: string): void {
    this.#written.set(written.id, { ...written, spelledAs: hash });
    this.#log.warn({ object: written.id }, 'the API server stores this intent in another spelling than was sent');
  }

  /** Drops what the caches have caught up with. */
  #sweep(): void {
    for (const [id, written] of this.#written) {
      const seen = written.view.caughtUpTo(written.namespace, written.resourceVersion);
      if (seen && written.spelledAs === undefined) this.#written.delete(id);
    }
    this.#sweepAt = Math.max(1024, 2 * this.#written.size);
  }
}

function conflict(resource: Resource, name: string, owner: OwnerReference | undefined): Ensured {
  return { outcome: 'name-conflict', resource, name, owner };
}
