/**
 * The cache of one kind: projections by key, indices over them, and the version the view is current to. A version
 * never goes back: an event older than what is held is dropped. It must not know where events come from (reflector.ts)
 * or who listens.
 */
import { type Cached, controllerOf, formatKey, type Key } from './object.ts';

export type StoreEvent<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'modified'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T };

/** Values under which an object is found again, e.g. the names of the Secrets it refers to. */
export type IndexFunction<T> = (object: T) => Iterable<string>;

export interface StoreOptions<T> {
  readonly indices?: Readonly<Record<string, IndexFunction<T>>>;
  /** Deep-freezes what is stored, so that a reader that writes into the cache throws. For tests. */
  readonly frozen?: boolean;
}

const ownerIndex = 'owner-uid';
/** The scope of a reflector which sees all namespaces. */
const everywhere = '';

/** resourceVersions of one kind are ordered integers (KEP-5504). */
export const versionOf = (resourceVersion: string): bigint => BigInt(resourceVersion);

export class Store<T extends Cached> {
  readonly #objects = new Map<string, T>();
  readonly #indices = new Map<string, { readonly of: IndexFunction<T>; readonly entries: Map<string, Set<string>> }>();
  readonly #versions = new Map<string, bigint>();
  readonly #subscribers = new Set<(event: StoreEvent<T>) => void>();
  readonly #frozen: boolean;

  constructor(options: StoreOptions<T> = {}) {
    this.#frozen = options.frozen ?? false;
    this.#indices.set(ownerIndex, { of: ownerUids, entries: new Map() });
    for (const [name, of] of Object.entries(options.indices ?? {})) this.#indices.set(name, { of, entries: new Map() });
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: Key): T | undefined {
    return this.#objects.get(formatKey(key));
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** The objects whose controller has this uid. */
  ownedBy(uid: string): readonly T[] {
    return this.byIndex(ownerIndex, uid);
  }

  /** The objects for which the index function gave this value. */
  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indices.get(name);
    if (index === undefined) throw new TypeError(`the store has no index named ${name}`);
    const found: T[] = [];
    for (const key of index.entries.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** True once everything up to this version of the namespace has been seen. */
  caughtUpTo(namespace: string, resourceVersion: string): boolean {
    const seen = this.#versions.get(everywhere) ?? this.#versions.get(namespace);
    return seen !== undefined && seen >= versionOf(resourceVersion);
  }

  /** Is told of every change, also before the first list is complete. The returned function ends it. */
  subscribe(listener: (event: StoreEvent<T>) => void): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  /** Takes in an object as added or changed; false when what is held is as new or newer. */
  upsert(object: T): boolean {
    const key = formatKey(object.metadata);
    const previous = this.#objects.get(key);
    if (
      previous !== undefined &&
      versionOf(previous.metadata.resourceVersion) >= versionOf(object.metadata.resourceVersion)
    ) {
      return false;
    }
    if (this.#frozen) deepFreeze(object);
    if (previous !== undefined) this.#unindex(key, previous);
    this.#objects.set(key, object);
    for (const index of this.#indices.values()) for (const value of index.of(object)) link(index.entries, value, key);
    this.#tell(previous === undefined ? { type: 'added', object } : { type: 'modified', object, previous });
    return true;
  }

  /** Takes an object out, unless what is held is newer than the deletion. */
  remove(key: Key, resourceVersion: string): boolean {
    const text = formatKey(key);
    const previous = this.#objects.get(text);
    if (previous === undefined || versionOf(previous.metadata.resourceVersion) > versionOf(resourceVersion))
      return false;
    this.#objects.delete(text);
    this.#unindex(text, previous);
    this.#tell({ type: 'deleted', object: previous });
    return true;
  }

  /** After a list of the scope ('' = all namespaces) at a version: what it did not name is gone. */
  retain(scope: string, listed: ReadonlySet<string>, resourceVersion: string): void {
    for (const [key, object] of this.#objects) {
      if (scope !== everywhere && object.metadata.namespace !== scope) continue;
      if (!listed.has(key)) this.remove(object.metadata, resourceVersion);
    }
    this.advance(scope, resourceVersion);
  }

  /** The scope has been seen up to this version. */
  advance(scope: string, resourceVersion: string): void {
    const version = versionOf(resourceVersion);
    if (version > (this.#versions.get(scope) ?? -1n)) this.#versions.set(scope, version);
  }

  /** The newest version seen of a scope, undefined before the first. */
  version(scope: string): string | undefined {
    return this.#versions.get(scope)?.toString();
  }

  #unindex(key: string, object: T): void {
    for (const index of this.#indices.values()) {
      for (const value of index.of(object)) {
        const keys = index.entries.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index.entries.delete(value);
      }
    }
  }

  #tell(event: StoreEvent<T>): void {
    for (const listener of this.#subscribers) listener(event);
  }
}

function ownerUids(object: Cached): readonly string[] {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [owner.uid];
}

function link(entries: Map<string, Set<string>>, value: string, key: string): void {
  const keys = entries.get(value);
  if (keys === undefined) entries.set(value, new Set([key]));
  else keys.add(key);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
