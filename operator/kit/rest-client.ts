/**
 * The client of client.ts over HTTP: paths, queries and content types of the Kubernetes API, raw JSON both ways.
 * Nothing is read from or dropped out of an object on the way, so fields newer than this program survive.
 */
import {
  type ApplyOptions,
  type Client,
  type DeleteOptions,
  fieldManager,
  type ListOptions,
  type ListPage,
  type PatchOptions,
  type RequestOptions,
  type WatchEvent,
  type WatchOptions,
} from './client.ts';
import { isNotFound, KubeError, NotLeaderError } from './errors.ts';
import { jsonLines } from './lines.ts';
import { apiVersionOf, type Key, type KubeObject, keyOf, type Resource } from './object.ts';
import { type Call, Transport, type TransportOptions } from './transport.ts';
import type { PartialObjectMetadata } from './wire.ts';

export interface ClientOptions extends TransportOptions {
  /** Who writes, as managedFields name it; default the constant of client.ts. */
  readonly fieldManager?: string;
}

const applyType = 'application/apply-patch+yaml';
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;
const pageSize = 500;

interface Bound {
  readonly transport: Transport;
  readonly guard: (() => void) | undefined;
  readonly manager: string;
}

/** A client that also can be closed, and copied with a guard on its writes. */
export interface RestClient extends Client {
  /** Shares the connections; each write first asks `mayWrite` and rejects with NotLeaderError when it says no. */
  guardedBy(mayWrite: () => boolean): RestClient;
  close(): Promise<void>;
}

export function createClient(options: ClientOptions): RestClient {
  return bind({ transport: new Transport(options), guard: undefined, manager: options.fieldManager ?? fieldManager });
}

function bind(bound: Bound): RestClient {
  const managed = (parameters: Record<string, string>) => ({ fieldManager: bound.manager, ...parameters });
  const send = (resource: Resource, call: Omit<Call, 'resource'>, options: RequestOptions = {}): Promise<unknown> =>
    bound.transport.request({
      ...call,
      resource: resource.plural,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      guard: call.method === 'GET' ? undefined : bound.guard,
    });
  const apply = async (
    resource: Resource,
    intent: KubeObject,
    subresource: string,
    options: ApplyOptions = {},
  ): Promise<PartialObjectMetadata> => {
    const path =
      objectPath(resource, keyOf(intent)) + subresource + query(managed({ force: String(options.force ?? true) }));
    const body = JSON.stringify(intent);
    try {
      return (await send(
        resource,
        { method: 'PATCH', path, contentType: applyType, accept: metadataOnly, body },
        options,
      )) as PartialObjectMetadata;
    } catch (error) {
      throw uidConflict(error);
    }
  };
  const pages = (resource: Resource, options: ListOptions = {}): AsyncGenerator<ListPage<never>> =>
    readPages((path) => send(resource, { method: 'GET', path }, options), resource, options);
  return {
    get: async (resource, key, options) =>
      (await send(resource, { method: 'GET', path: objectPath(resource, key) }, options)) as never,
    pages,
    list: async (resource, options) => {
      const items: never[] = [];
      let resourceVersion = '';
      for await (const page of pages(resource, options)) {
        items.push(...page.items);
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion };
    },
    create: async (resource, object, options) => {
      const path = collectionPath(resource, object.metadata.namespace) + query(managed({}));
      const body = JSON.stringify(object);
      return (await send(resource, { method: 'POST', path, contentType: 'application/json', body }, options)) as never;
    },
    update: async (resource, object, options) => {
      const path = objectPath(resource, keyOf(object)) + query(managed({}));
      const body = JSON.stringify(object);
      return (await send(resource, { method: 'PUT', path, contentType: 'application/json', body }, options)) as never;
    },
    apply: (resource, intent, options) => apply(resource, intent, '', options),
    applyStatus: (resource, intent, options) => apply(resource, intent, '/status', options),
    patch: async (resource, key, patch, options: PatchOptions = {}) => {
      const subresource = options.subresource === undefined ? '' : `/${options.subresource}`;
      const path = objectPath(resource, key) + subresource + query(managed({}));
      const contentType = patchTypes[options.type ?? 'merge'];
      return (await send(
        resource,
        { method: 'PATCH', path, contentType, body: JSON.stringify(patch) },
        options,
      )) as never;
    },
    delete: async (resource, key, options: DeleteOptions = {}) => {
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: options.propagation ?? 'Background',
        ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
      });
      const path = objectPath(resource, key);
      try {
        await send(resource, { method: 'DELETE', path, contentType: 'application/json', body }, options);
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
    watch: (resource, options) => watch(bound.transport, resource, options),
    guardedBy: (mayWrite) =>
      bind({
        ...bound,
        guard: () => {
          if (!mayWrite()) throw new NotLeaderError('this process does not lead, so it must not write');
        },
      }),
    close: () => bound.transport.close(),
  };
}

async function* readPages(
  read: (path: string) => Promise<unknown>,
  resource: Resource,
  options: ListOptions,
): AsyncGenerator<ListPage<never>> {
  let next: string | undefined;
  do {
    const path =
      collectionPath(resource, options.namespace) +
      query({
        ...selectors(options),
        limit: String(options.pageSize ?? pageSize),
        continue: next,
      });
    const page = (await read(path)) as {
      readonly items?: readonly never[] | null;
      readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
    };
    // Items of a list do not say what they are.
    const items = (page.items ?? []).map((item: KubeObject) => ({
      ...item,
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
    }));
    yield { items: items as unknown as readonly never[], resourceVersion: page.metadata.resourceVersion };
    next = page.metadata.continue;
  } while (next !== undefined && next !== '');
}

async function* watch<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: WatchOptions = {},
): AsyncGenerator<readonly WatchEvent<T>[]> {
  const seconds = options.timeoutSeconds ?? 300 + Math.floor(Math.random() * 300);
  const path =
    collectionPath(resource, options.namespace) +
    query({
      ...selectors(options),
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      resourceVersion: options.resourceVersion,
      ...(options.sendInitialEvents === true
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : {}),
    });
  const body = await transport.stream({ method: 'GET', path, resource: resource.plural, signal: options.signal });
  yield* jsonLines<WatchEvent<T>>(body);
}

function collectionPath(resource: Resource, namespace: string | undefined): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope = namespace === undefined || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${resource.version}${resource.namespaced ? scope : ''}/${resource.plural}`;
}

function objectPath(resource: Resource, key: Key): string {
  // An empty name would address the whole collection, which DELETE would take at its word.
  if (key.name === '') throw new TypeError(`a request for one of ${resource.plural} needs a name`);
  if (resource.namespaced && key.namespace === '')
    throw new TypeError(`${resource.plural} ${key.name} needs a namespace`);
  return `${collectionPath(resource, key.namespace)}/${encodeURIComponent(key.name)}`;
}

function selectors(options: ListOptions): Record<string, string | undefined> {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

function query(parameters: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
}

/** An apply that names the uid of a replaced object is refused as "invalid: metadata.uid … immutable": a conflict. */
function uidConflict(error: unknown): unknown {
  if (!(error instanceof KubeError) || error.code !== 422) return error;
  if (error.details.causes?.some((cause) => cause.field === 'metadata.uid') !== true) return error;
  return new KubeError(409, 'Conflict', error.message, error.details);
}
