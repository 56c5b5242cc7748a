/**
 * What one request does to the objects of the test API, but for watches: the path's parts, the verbs, pages and
 * selectors. Knows nothing of connections and faults.
 */
import { KubeError } from '../errors.ts';
import { formatKey, type KubeObject, keyOf, type Resource } from '../object.ts';
import type { SeenRequest } from './faults.ts';
import type { Objects, Writer } from './objects.ts';

/** What a request is about, by its path. */
export interface Target {
  readonly collection: string;
  readonly kind: { readonly apiVersion: string };
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string | undefined;
}

const root = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** The status code and the body of the answer. */
export function answerTo(
  objects: Objects,
  target: Target,
  seen: SeenRequest,
  type: string,
  body: unknown,
): [number, unknown] {
  const { collection, name, subresource } = target;
  const key = target.namespace === '' ? name : `${target.namespace}/${name}`;
  const writer: Writer = {
    manager: seen.query.get('fieldManager') ?? 'unknown',
    force: seen.query.get('force') === 'true',
    ...(subresource === undefined ? {} : { subresource }),
  };
  if (seen.method === 'GET' && name === '') return [200, listed(objects, target, seen.query)];
  if (seen.method === 'GET') return [200, objects.get(collection, key)];
  if (seen.method === 'DELETE') {
    objects.delete(collection, key, (body as { preconditions?: { uid?: string } } | undefined)?.preconditions?.uid);
    return [200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }];
  }
  const object = body as KubeObject;
  if (seen.method === 'POST') {
    const made = {
      ...object,
      metadata: { ...object.metadata, ...(target.namespace === '' ? {} : { namespace: target.namespace }) },
    };
    return [201, objects.create(collection, formatKey(keyOf(made)), made, writer)];
  }
  if (seen.method === 'PUT') return [200, objects.update(collection, key, object, writer)];
  if (type.startsWith('application/apply-patch')) {
    const exists = objects.find(collection, key) !== undefined;
    return [exists ? 200 : 201, objects.apply(collection, key, object, writer)];
  }
  if (!type.startsWith('application/merge-patch'))
    throw new KubeError(415, 'UnsupportedMediaType', `the test API knows no ${type}`);
  return [200, objects.update(collection, key, mergePatch(objects.get(collection, key), body) as KubeObject, writer)];
}

/** A page, whose continue token is the number of objects read so far and the version of the first page. */
function listed(objects: Objects, target: Target, query: URLSearchParams): unknown {
  const all = objects.list(target.collection).filter((object) => matches(object, target, query));
  const limit = Number(query.get('limit') ?? 0);
  const [start = 0, version = objects.version] = (query.get('continue') ?? '').split('@').filter(Boolean).map(Number);
  const end = limit > 0 ? start + limit : all.length;
  const metadata = { resourceVersion: String(version), ...(end < all.length ? { continue: `${end}@${version}` } : {}) };
  return { ...target.kind, kind: 'List', metadata, items: all.slice(start, end) };
}

/** Whether an object is of the target's namespace and fits the selectors. */
export function matches(object: KubeObject, target: Target, query: URLSearchParams): boolean {
  if (target.namespace !== '' && object.metadata.namespace !== target.namespace) return false;
  const pairs = (text: string | null): [string, string][] =>
    (text ?? '')
      .split(',')
      .filter(Boolean)
      .map((pair) => pair.split(/==?/, 2) as [string, string]);
  const { labels = {}, name, namespace = '' } = object.metadata;
  const fields: Record<string, string> = { 'metadata.name': name, 'metadata.namespace': namespace };
  return (
    pairs(query.get('labelSelector')).every(([label, value]) =>
      value === undefined ? label in labels : labels[label] === value,
    ) && pairs(query.get('fieldSelector')).every(([field, value]) => fields[field] === value)
  );
}

export function parsePath(path: string): Target {
  const match = root.exec(path);
  if (match === null) throw new KubeError(404, 'NotFound', 'the server could not find the requested resource');
  const [, group, version = '', namespace = '', plural = '', name = '', subresource] = match.map((part) =>
    part === undefined ? undefined : decodeURIComponent(part),
  );
  const apiVersion = group === undefined ? version : `${group}/${version}`;
  return { collection: `${apiVersion}/${plural}`, kind: { apiVersion }, namespace, name, subresource };
}

export function collectionOf(resource: Resource): string {
  return `${resource.group === '' ? '' : `${resource.group}/`}${resource.version}/${resource.plural}`;
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}
