/**
 * The state behind the test API: objects with uid, generation, resourceVersion and managedFields as a real API server
 * keeps them, server-side apply, deletion with garbage collection, and the history watches are fed from. It knows no
 * HTTP (api.ts).
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { KubeError } from '../errors.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { fromFieldsV1, type JsonMap, leaves, type Path, removeAt, setAt, toFieldsV1 } from './field-set.ts';

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** e.g. apps/v1/deployments. */
  readonly collection: string;
  readonly object: KubeObject;
}

export interface Writer {
  readonly manager: string;
  readonly force?: boolean;
  readonly subresource?: string;
}

type Operation = 'Apply' | 'Update';
type Managers = Map<string, { readonly entry: ManagedFieldsEntry; readonly paths: Set<Path> }>;

/** Set by the API server or part of an object's identity: never owned, never merged. */
const identity = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
];

export class Objects {
  /** By collection, then by namespace/name. */
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #collectGarbage: boolean;
  readonly #respell: (object: KubeObject) => KubeObject;
  history: Change[] = [];
  version = 100;

  constructor(options: { readonly collectGarbage: boolean; readonly respell?: (object: KubeObject) => KubeObject }) {
    this.#collectGarbage = options.collectGarbage;
    this.#respell = options.respell ?? ((object) => object);
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(collection: string): readonly KubeObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])];
  }

  find(collection: string, id: string): KubeObject | undefined {
    return this.#collections.get(collection)?.get(id);
  }

  get(collection: string, id: string): KubeObject {
    const found = this.find(collection, id);
    if (found === undefined) throw notFound(collection, id);
    return found;
  }

  create(collection: string, id: string, object: KubeObject, writer: Writer): KubeObject {
    if (this.find(collection, id) !== undefined)
      throw new KubeError(409, 'AlreadyExists', `${collection} "${id}" already exists`);
    const { status: _, ...sent } = object as KubeObject & { status?: unknown };
    return this.#store(
      collection,
      id,
      undefined,
      sent,
      own('Update', writer, new Map(), new Set(leaves(body(sent)).keys()), sent),
    );
  }

  /** Replaces the object, or its status alone. */
  update(collection: string, id: string, object: KubeObject, writer: Writer): KubeObject {
    const live = this.get(collection, id);
    checkPreconditions(live, object);
    const next = merge(live, object, writer.subresource);
    const before = leaves(body(live));
    const after = leaves(body(next));
    const managers = managersOf(live);
    const changed = new Set(
      [...after].filter(([path, value]) => !isDeepStrictEqual(before.get(path), value)).map(([path]) => path),
    );
    for (const { paths } of managers.values()) {
      for (const path of paths) if (changed.has(path) || !after.has(path)) paths.delete(path);
    }
    const mine = new Set([...(managers.get(managerId('Update', writer))?.paths ?? []), ...changed]);
    return this.#store(collection, id, live, next, own('Update', writer, managers, mine, object));
  }

  apply(collection: string, id: string, intent: KubeObject, writer: Writer): KubeObject {
    const live = this.find(collection, id);
    if (live === undefined && writer.subresource !== undefined) throw notFound(collection, id);
    if (live === undefined && intent.metadata.uid !== undefined)
      throw new KubeError(409, 'Conflict', 'uid mismatch: no existing object was found');
    if (live !== undefined) checkPreconditions(live, intent);
    const part = body(intent, writer.subresource);
    const wanted = leaves(part);
    const next = structuredClone(
      live ?? { apiVersion: intent.apiVersion, kind: intent.kind, metadata: { ...pick(intent) } },
    ) as KubeObject & JsonMap;
    const managers = live === undefined ? new Map() : managersOf(live);
    const id0 = managerId('Apply', writer);
    const before = live === undefined ? new Map<Path, unknown>() : leaves(body(live));
    for (const [other, { paths, entry }] of managers) {
      if (other === id0) continue;
      for (const path of paths) {
        if (!wanted.has(path) || isDeepStrictEqual(before.get(path), wanted.get(path))) continue;
        if (writer.force !== true)
          throw new KubeError(409, 'Conflict', `Apply failed: conflict with "${entry.manager}": ${path}`);
        paths.delete(path);
      }
    }
    const others = new Set([...managers].filter(([other]) => other !== id0).flatMap(([, { paths }]) => [...paths]));
    for (const path of managers.get(id0)?.paths ?? []) if (!wanted.has(path) && !others.has(path)) removeAt(next, path);
    for (const [path, value] of wanted) setAt(next, path, value);
    return this.#store(collection, id, live, next, own('Apply', writer, managers, new Set(wanted.keys()), intent));
  }

  delete(collection: string, id: string, uid?: string): KubeObject {
    const live = this.get(collection, id);
    if (uid !== undefined && uid !== live.metadata.uid)
      throw new KubeError(409, 'Conflict', 'the UID in the precondition does not match');
    this.#collections.get(collection)?.delete(id);
    this.version += 1;
    const gone = { ...live, metadata: { ...live.metadata, resourceVersion: String(this.version) } };
    this.#tell({ version: this.version, type: 'DELETED', collection, object: gone });
    if (this.#collectGarbage) this.#deleteOwnedBy(live.metadata.uid);
    return gone;
  }

  #deleteOwnedBy(uid: string | undefined): void {
    for (const [collection, objects] of this.#collections) {
      for (const [id, object] of objects) {
        if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) this.delete(collection, id);
      }
    }
  }

  #store(
    collection: string,
    id: string,
    live: KubeObject | undefined,
    sent: KubeObject,
    managedFields: readonly ManagedFieldsEntry[],
  ): KubeObject {
    const next = this.#respell(sent);
    const same = live !== undefined && isDeepStrictEqual(body(live), body(next));
    const owners = timeless(live?.metadata.managedFields ?? []);
    if (live !== undefined && same && isDeepStrictEqual(owners, timeless(managedFields))) return live;
    this.version += 1;
    const changed = live === undefined || !isDeepStrictEqual(desired(live), desired(next));
    const generation = (live?.metadata.generation ?? 0) + (changed ? 1 : 0);
    const stored = {
      ...next,
      metadata: {
        ...next.metadata,
        ...pick(next),
        uid: live?.metadata.uid ?? randomUUID(),
        creationTimestamp: live?.metadata.creationTimestamp ?? now(),
        resourceVersion: String(this.version),
        ...('spec' in next ? { generation } : {}),
        managedFields,
      },
    };
    let objects = this.#collections.get(collection);
    if (objects === undefined) this.#collections.set(collection, (objects = new Map()));
    objects.set(id, stored);
    this.#tell({ version: this.version, type: live === undefined ? 'ADDED' : 'MODIFIED', collection, object: stored });
    return stored;
  }

  #tell(change: Change): void {
    this.history.push(change);
    for (const listener of this.#listeners) listener(change);
  }
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;
const notFound = (collection: string, id: string): KubeError =>
  new KubeError(404, 'NotFound', `${collection} "${id}" not found`);
const managerId = (operation: Operation, writer: Writer): string =>
  `${operation} ${writer.manager} ${writer.subresource ?? ''}`;
const timeless = (entries: readonly ManagedFieldsEntry[]): unknown => entries.map(({ time: _time, ...entry }) => entry);

function pick(object: KubeObject): { name: string; namespace?: string } {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

/** The object without what identifies it; with a subresource, that part alone. */
function body(object: KubeObject, subresource?: string): JsonMap {
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata,
    ...rest
  } = object as unknown as JsonMap & { metadata: JsonMap };
  if (subresource !== undefined) return { [subresource]: rest[subresource] };
  const { status, ...main } = rest;
  const meta = Object.fromEntries(Object.entries(metadata).filter(([name]) => !identity.includes(name)));
  return {
    ...main,
    ...(status === undefined ? {} : { status }),
    ...(Object.keys(meta).length === 0 ? {} : { metadata: meta }),
  };
}

function desired(object: KubeObject): JsonMap {
  const { status: _, metadata: __, ...rest } = body(object);
  return rest;
}

/** A write to an object leaves its status alone, one to its status leaves the rest alone. */
function merge(live: KubeObject, sent: KubeObject, subresource: string | undefined): KubeObject {
  const liveMap = live as unknown as JsonMap;
  const sentMap = sent as unknown as JsonMap;
  if (subresource !== undefined) return { ...live, [subresource]: sentMap[subresource] };
  return { ...sent, ...(liveMap['status'] === undefined ? {} : { status: liveMap['status'] }) };
}

function checkPreconditions(live: KubeObject, sent: KubeObject): void {
  const { uid, resourceVersion } = sent.metadata;
  if (uid !== undefined && uid !== live.metadata.uid) {
    const details = { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.uid', message: 'field is immutable' }] };
    throw new KubeError(422, 'Invalid', 'metadata.uid: field is immutable', details);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== live.metadata.resourceVersion) {
    throw new KubeError(
      409,
      'Conflict',
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

function managersOf(object: KubeObject): Managers {
  const managers: Managers = new Map();
  for (const entry of object.metadata.managedFields ?? []) {
    const writer = {
      manager: entry.manager ?? '',
      ...(entry.subresource === undefined ? {} : { subresource: entry.subresource }),
    };
    const paths = fromFieldsV1(entry.fieldsV1 ?? {});
    managers.set(managerId(entry.operation as Operation, writer), { entry, paths });
  }
  return managers;
}

/** The managedFields after this writer came to own exactly these paths. */
function own(
  operation: Operation,
  writer: Writer,
  managers: Managers,
  paths: Set<Path>,
  sent: KubeObject,
): readonly ManagedFieldsEntry[] {
  const { manager, subresource } = writer;
  const entry: ManagedFieldsEntry = {
    manager,
    operation,
    apiVersion: sent.apiVersion,
    time: now(),
    fieldsType: 'FieldsV1',
    ...(subresource === undefined ? {} : { subresource }),
  };
  managers.set(managerId(operation, writer), { entry, paths });
  return [...managers.values()]
    .filter(({ paths }) => paths.size > 0)
    .map(({ entry, paths }) => ({ ...entry, fieldsV1: toFieldsV1(paths) }));
}
