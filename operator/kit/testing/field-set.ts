/**
 * Field paths of an object, in the form managedFields writes them, for the test API's server-side apply: which leaves an
 * object has, how a set of paths becomes FieldsV1 and back, and how one path is set in or taken out of an object.
 */
import type { FieldsV1, Json } from '../object.ts';
import { isAtomicMap, listRule } from './schema.ts';

export type JsonMap = { [key: string]: Json | undefined };
/** Path elements (`f:…`, `k:…`, `v:…`) as one JSON text, so that a Set can hold it. */
export type Path = string;

const elements = (path: Path): string[] => JSON.parse(path) as string[];

/** Every leaf, and every item of a map-list, with its value. */
export function leaves(object: JsonMap): Map<Path, Json> {
  const found = new Map<Path, Json>();
  const visit = (value: Json, path: readonly string[], field: string, parent: string): void => {
    if (Array.isArray(value)) visitList(value as readonly Json[], path, field);
    else if (
      typeof value === 'object' &&
      value !== null &&
      !isAtomicMap(field, parent) &&
      Object.keys(value).length > 0
    ) {
      for (const [name, inner] of Object.entries(value)) {
        if (inner !== undefined) visit(inner, [...path, `f:${name}`], name, field);
      }
    } else found.set(JSON.stringify(path), value);
  };
  const visitList = (items: readonly Json[], path: readonly string[], field: string): void => {
    const rule = listRule(field, items);
    if (rule.type === 'set' && items.length > 0) {
      for (const item of items) found.set(JSON.stringify([...path, `v:${JSON.stringify(item)}`]), item);
    } else if (rule.type === 'map' && items.length > 0) {
      for (const item of items) {
        const keys = Object.entries(rule.keys).map(([key, preset]) => [key, (item as JsonMap)[key] ?? preset] as const);
        const at = [...path, `k:${JSON.stringify(Object.fromEntries(keys))}`];
        found.set(JSON.stringify(at), null);
        visit(item, at, '', field);
      }
    } else found.set(JSON.stringify(path), items);
  };
  for (const [name, value] of Object.entries(object)) if (value !== undefined) visit(value, [`f:${name}`], name, '');
  return found;
}

export function toFieldsV1(paths: ReadonlySet<Path>): FieldsV1 {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let node = root;
    for (const element of elements(path)) node = (node[element] ??= {}) as Record<string, unknown>;
  }
  // An item that has fields of its own is named by a dot.
  for (const path of paths) {
    let node = root;
    for (const element of elements(path)) node = node[element] as Record<string, unknown>;
    if (Object.keys(node).length > 0) node['.'] = {};
  }
  return root as FieldsV1;
}

export function fromFieldsV1(fields: FieldsV1): Set<Path> {
  const paths = new Set<Path>();
  const visit = (node: FieldsV1, path: readonly string[]): void => {
    const names = Object.keys(node);
    if (path.length > 0 && (names.length === 0 || names.includes('.'))) paths.add(JSON.stringify(path));
    for (const name of names) if (name !== '.') visit(node[name] ?? {}, [...path, name]);
  };
  visit(fields, []);
  return paths;
}

/** Sets the value at the path, making maps, lists and items on the way. */
export function setAt(object: JsonMap, path: Path, value: Json): void {
  const steps = elements(path);
  let node: JsonMap | Json[] = object;
  for (const [depth, step] of steps.entries()) {
    const last = depth === steps.length - 1;
    if (step.startsWith('f:')) {
      const name = step.slice(2);
      if (last) {
        (node as JsonMap)[name] = structuredClone(value);
        return;
      }
      const next = steps[depth + 1] ?? '';
      const map: JsonMap = node as JsonMap;
      const inner = map[name];
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner) === next.startsWith('f:')) {
        map[name] = next.startsWith('f:') ? {} : [];
      }
      node = map[name] as JsonMap | Json[];
    } else if (step.startsWith('k:')) {
      const list = node as Json[];
      let item = list.find((candidate) => fits(candidate, step));
      if (item === undefined) {
        item = JSON.parse(step.slice(2)) as Json;
        list.push(item);
      }
      // An atomic item comes whole, a granular one field by field.
      if (last && typeof value === 'object' && value !== null) Object.assign(item as JsonMap, structuredClone(value));
      node = item as JsonMap;
    } else {
      const list = node as Json[];
      if (!list.includes(value)) list.push(value);
      return;
    }
  }
}

/** Takes out the value or item at the path, and maps and lists that it leaves empty. */
export function removeAt(object: JsonMap, path: Path): void {
  const remove = (node: JsonMap | Json[], steps: readonly string[]): void => {
    const [step = '', ...rest] = steps;
    if (Array.isArray(node)) {
      const at = node.findIndex((item) => fits(item, step));
      if (at < 0) return;
      if (rest.length === 0) node.splice(at, 1);
      else remove(node[at] as JsonMap, rest);
      return;
    }
    const name = step.slice(2);
    const inner = node[name];
    if (inner === undefined) return;
    if (rest.length === 0) {
      delete node[name];
      return;
    }
    if (typeof inner !== 'object' || inner === null) return;
    remove(inner as JsonMap | Json[], rest);
    if (Object.keys(inner).length === 0) delete node[name];
  };
  remove(object, elements(path));
}

function fits(item: Json, step: string): boolean {
  const selector = JSON.parse(step.slice(2)) as Json;
  if (step.startsWith('v:')) return item === selector;
  const rule = selector as JsonMap;
  return Object.entries(rule).every(
    ([key, value]) => ((item as JsonMap)[key] ?? (key === 'protocol' ? 'TCP' : undefined)) === value,
  );
}
