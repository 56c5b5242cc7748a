/**
 * What a controller may ask of the Kubernetes API: raw JSON in, raw JSON out, every call with a deadline and an abort
 * signal. This file is the contract alone; rest-client.ts speaks it over HTTP. It knows no particular kind.
 */
import type { Key, KubeObject, Resource } from './object.ts';
import type { PartialObjectMetadata } from './wire.ts';

/** The field manager of everything written; ownership comparison reads its entry in managedFields. */
export const fieldManager = 'mcp-fleet';

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** Over all attempts, default 30 000 ms. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends RequestOptions {
  /** All namespaces when missing. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page, default 500; 0 asks for all at once. */
  readonly pageSize?: number;
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export interface WatchOptions extends Omit<ListOptions, 'pageSize'> {
  /** Start after this version; missing means "now" or, with sendInitialEvents, the newest state. */
  readonly resourceVersion?: string;
  /** Streams what exists as ADDED events, closed by a bookmark (Kubernetes' streaming lists, KEP-3157). */
  readonly sendInitialEvents?: boolean;
  /** After which the API server ends the watch; default random between 300 and 600 s. */
  readonly timeoutSeconds?: number;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly object: unknown };

export interface ApplyOptions extends RequestOptions {
  /** Also takes fields other managers own; default true. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  /** Only if the object still is this one; another one answers 409. */
  readonly uid?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface PatchOptions extends RequestOptions {
  readonly type?: 'merge' | 'json' | 'strategic';
  readonly subresource?: 'status' | 'scale';
}

/** Every method rejects with KubeError (errors.ts) when the API server refuses, and with the signal's reason on abort. */
export interface Client {
  get<T extends KubeObject>(resource: Resource<T>, key: Key, options?: RequestOptions): Promise<T>;
  /** The whole list, read in pages. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListPage<T>>;
  /** Page by page, so that a reader may drop each before the next. */
  pages<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): AsyncIterable<ListPage<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: RequestOptions): Promise<T>;
  /** Replaces the object; with metadata.resourceVersion only if it still is at that version. */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: RequestOptions): Promise<T>;
  /** Server-side apply of the whole intent. metadata.uid and resourceVersion, if given, are preconditions (409). */
  apply(resource: Resource, intent: KubeObject, options?: ApplyOptions): Promise<PartialObjectMetadata>;
  /** The same on /status. */
  applyStatus(resource: Resource, intent: KubeObject, options?: ApplyOptions): Promise<PartialObjectMetadata>;
  patch<T extends KubeObject>(resource: Resource<T>, key: Key, patch: unknown, options?: PatchOptions): Promise<T>;
  /** True when the object was there; false when it was gone already. */
  delete(resource: Resource, key: Key, options?: DeleteOptions): Promise<boolean>;
  /** Events in batches as they arrive; ends when the API server ends the watch, rejects when it breaks. */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<readonly WatchEvent<T>[]>;
}
