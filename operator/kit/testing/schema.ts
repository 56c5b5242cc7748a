/**
 * What the test API knows of the built-in kinds' merge rules (listType, mapType, structType of the OpenAPI schema):
 * the keys of map-lists, the sets and the atomic maps, by field name. Lists not named here are atomic.
 */
import type { Json } from '../object.ts';

/** Key fields of a map-list with their defaults, by field name; the first rule whose first key fits an item counts. */
const mapLists: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>> = {
  containers: [{ name: '' }],
  initContainers: [{ name: '' }],
  env: [{ name: '' }],
  volumes: [{ name: '' }],
  volumeMounts: [{ mountPath: '' }],
  volumeDevices: [{ devicePath: '' }],
  imagePullSecrets: [{ name: '' }],
  topologySpreadConstraints: [{ topologyKey: '', whenUnsatisfiable: '' }],
  ports: [
    { containerPort: 0, protocol: 'TCP' },
    { port: 0, protocol: 'TCP' },
  ],
  conditions: [{ type: '' }],
  ownerReferences: [{ uid: '' }],
};

const sets = new Set(['finalizers']);

const atomicMaps = new Set([
  'selector',
  'nodeSelector',
  'scaleTargetRef',
  'roleRef',
  'fieldRef',
  'secretKeyRef',
  'configMapKeyRef',
  'resourceFieldRef',
  'dataSource',
  'matchLabels',
]);

export type ListRule =
  | { readonly type: 'map'; readonly keys: Readonly<Record<string, Json>> }
  | { readonly type: 'set' | 'atomic' };

export function listRule(field: string, items: readonly Json[]): ListRule {
  if (sets.has(field)) return { type: 'set' };
  const rule = (mapLists[field] ?? []).find((keys) => {
    const first = Object.keys(keys)[0] ?? '';
    return items.every((item) => typeof item === 'object' && item !== null && first in item);
  });
  return rule === undefined ? { type: 'atomic' } : { type: 'map', keys: rule };
}

/** `parent` tells an owner reference, an item that is atomic, from other items. */
export function isAtomicMap(field: string, parent: string): boolean {
  return atomicMaps.has(field) || parent === 'ownerReferences' || parent === 'imagePullSecrets';
}
