/**
 * The way out when server-side apply alone cannot repair: somebody replaced an item of ours by one that excludes it (a
 * Service port of the same name, `valueFrom` beside our `value`), and the API server refuses both together. Ownership of
 * what others put into the object's body is written over to us, so that the next apply removes it. Metadata, status and
 * what came through sub-resources (an autoscaler's replicas) stay with their owners. Pure.
 */
import type { FieldsV1, KubeObject, ManagedFieldsEntry } from './object.ts';

const keeps = new Set(['f:metadata', 'f:status']);

/** The managedFields with the others' body fields moved into our entry; undefined when there are none. */
export function seizedFields(object: KubeObject, manager: string): readonly ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const isOurs = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined;
  const ours = entries.find(isOurs);
  const others = entries.filter((entry) => !isOurs(entry) && entry.subresource === undefined);
  const taken = others.map((entry) => part(entry.fieldsV1 ?? {}, (name) => !keeps.has(name)));
  if (ours === undefined || taken.every((fields) => Object.keys(fields).length === 0)) return undefined;
  const fieldsV1 = taken.reduce(union, ours.fieldsV1 ?? {});
  return entries.flatMap((entry): readonly ManagedFieldsEntry[] => {
    if (entry === ours) return [{ ...entry, fieldsV1 }];
    if (!others.includes(entry)) return [entry];
    const left = part(entry.fieldsV1 ?? {}, (name) => keeps.has(name));
    return Object.keys(left).length === 0 ? [] : [{ ...entry, fieldsV1: left }];
  });
}

/** A JSON patch that writes these managedFields if the object still is at its version, else answers 409. */
export function seizePatch(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): readonly object[] {
  return [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
  ];
}

function part(fields: FieldsV1, takes: (name: string) => boolean): FieldsV1 {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => takes(name)));
}

function union(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const joined: Record<string, FieldsV1> = { ...a };
  for (const [name, fields] of Object.entries(b)) {
    const mine = joined[name];
    joined[name] = mine === undefined ? fields : union(mine, fields);
  }
  return joined;
}
