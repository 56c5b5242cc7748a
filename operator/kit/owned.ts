/**
 * Which part of a live object is ours, read off `metadata.managedFields` (FieldsV1, structured-merge-diff), and the
 * same part of an intent, both in one canonical form. Their hashes are equal exactly when nothing we applied has
 * changed: a foreign edit of a value takes its ownership from us and changes the hash; what others add does not.
 * Pure; it knows no kind and no schema.
 *
 * Zero values: the API server drops `false`, `0`, `""` and empty containers from many typed fields but keeps them in
 * managedFields, so every zero value, and every owned field without a live one, is the same token on both sides.
 */
import { hash } from 'node:crypto';
import type { FieldsV1, Json, KubeObject } from './object.ts';

type Fields = { readonly [key: string]: Json | undefined };

/** Stands for every zero value. */
const zero = '\u0000zero';

/** The fields of the live object this manager applied, in canonical form; undefined when it applied none. */
export function ownedFields(object: KubeObject, manager: string, subresource?: string): Json | undefined {
  const entry = object.metadata.managedFields?.find(
    (candidate) =>
      candidate.manager === manager && candidate.operation === 'Apply' && candidate.subresource === subresource,
  );
  if (entry?.fieldsV1 === undefined) return undefined;
  const others = object.metadata.managedFields?.flatMap((other) => (other === entry ? [] : (other.fieldsV1 ?? [])));
  return select(entry.fieldsV1, object as unknown as Json, others ?? []);
}

/** The fields an apply of this intent makes ours, in the same form. */
export function intendedFields(intent: KubeObject): Json {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = intent as unknown as Fields;
  // What identifies an object and what the API server sets are never listed in managedFields.
  const { name: _name, namespace: _namespace, uid: _uid, resourceVersion: _version, ...meta } = metadata as Fields;
  return canonical(Object.keys(meta).length === 0 ? rest : { ...rest, metadata: meta });
}

/** '' when the manager applied nothing. */
export function ownedHash(object: KubeObject, manager: string, subresource?: string): string {
  const fields = ownedFields(object, manager, subresource);
  return fields === undefined ? '' : hashOf(fields);
}

const intended = new WeakMap<KubeObject, string>();

/** An intent must not be changed once it is built; its hash is kept. */
export function intendedHash(intent: KubeObject): string {
  const known = intended.get(intent);
  if (known !== undefined) return known;
  const hash = hashOf(intendedFields(intent));
  intended.set(intent, hash);
  return hash;
}

/** Of canonical JSON; for comparison within one release, not for storage. */
export function hashOf(value: Json): string {
  return hash('sha1', JSON.stringify(value), 'base64url');
}

/** Sorted keys, no undefined, one token for all zero values. */
export function canonical(value: Json | undefined): Json {
  if (isZero(value)) return zero;
  if (Array.isArray(value)) return (value as readonly Json[]).map(canonical);
  if (typeof value !== 'object' || value === null) return value as Json;
  const sorted: Record<string, Json> = {};
  for (const name of Object.keys(value).sort()) {
    const inner = (value as Fields)[name];
    if (inner !== undefined) sorted[name] = canonical(inner);
  }
  return Object.keys(sorted).length === 0 ? zero : sorted;
}

function isZero(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  return typeof value === 'object' && (Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0);
}

/**
 * The part of `live` the set names. A leaf takes the whole value: scalars, and atomic maps and lists. A leaf within which
 * another manager owns something is a container that was applied empty: what stands in it is theirs.
 */
function select(set: FieldsV1, live: Json | undefined, others: readonly FieldsV1[]): Json {
  const paths = Object.keys(set).filter((path) => path !== '.');
  if (paths.length === 0) return others.some((other) => Object.keys(other).length > 0) ? zero : canonical(live);
  return paths.some((path) => path.startsWith('f:'))
    ? selectFields(set, paths, live, others)
    : selectItems(set, paths, live, others);
}

function selectFields(
  set: FieldsV1,
  paths: readonly string[],
  live: Json | undefined,
  others: readonly FieldsV1[],
): Json {
  const source = isMap(live) ? live : {};
  const selected: Record<string, Json> = {};
  for (const path of paths.toSorted()) {
    const name = path.slice(2);
    selected[name] = select(set[path] ?? {}, source[name], within(others, path));
  }
  return selected;
}

/** Items in the order of the live list, so that a changed order is a change; items that are gone come last. */
function selectItems(
  set: FieldsV1,
  paths: readonly string[],
  live: Json | undefined,
  others: readonly FieldsV1[],
): Json {
  const items = Array.isArray(live) ? (live as readonly Json[]) : [];
  const found: { readonly at: number; readonly value: Json }[] = paths.map((path) => {
    const at = items.findIndex((item, index) => names(path, item, index));
    const value = select(set[path] ?? {}, items[at], within(others, path));
    return { at: at < 0 ? items.length : at, value };
  });
  return found.sort((a, b) => a.at - b.at).map((item) => item.value);
}

const within = (sets: readonly FieldsV1[], path: string): readonly FieldsV1[] => sets.flatMap((set) => set[path] ?? []);

/** Whether a path element (`k:` keys of a map-list, `v:` value of a set, `i:` index) names this item. */
function names(path: string, item: Json, index: number): boolean {
  const selector = path.slice(2);
  if (path.startsWith('k:')) {
    const keys = JSON.parse(selector) as Fields;
    return isMap(item) && Object.entries(keys).every(([key, value]) => (item[key] ?? zeroLike(value)) === value);
  }
  if (path.startsWith('v:')) return JSON.stringify(item) === JSON.stringify(JSON.parse(selector));
  return path.startsWith('i:') && Number(selector) === index;
}

/** A key field may be dropped from the live item when it is its type's zero value. */
function zeroLike(value: Json | undefined): Json | undefined {
  if (typeof value === 'string') return '';
  return typeof value === 'number' ? 0 : false;
}

function isMap(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
