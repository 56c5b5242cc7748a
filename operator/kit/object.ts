/**
 * The shapes every Kubernetes object shares on the wire, plain JSON only: metadata, owner references, keys and the
 * description of a resource. `KubeObject` is what is sent and received; `Cached` is the small projection a store keeps
 * of it. It must not know any particular kind (see wire.ts) nor how objects travel (see client.ts).
 */

/** A value as JSON carries it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** One entry of metadata.managedFields: which fields one manager owns, as FieldsV1. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldsV1;
  readonly subresource?: string;
}

/** A set of field paths: keys are `f:name`, `k:{…}`, `v:value`, `i:index` or `.`; an empty object is a leaf. */
export interface FieldsV1 {
  readonly [path: string]: FieldsV1;
}

/** Metadata of an object; uid, resourceVersion and the like are missing in an intent and set in what is read. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any Kubernetes object as JSON. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Namespace and name; the namespace of a cluster-scoped object is ''. */
export interface Key {
  readonly namespace: string;
  readonly name: string;
}

/** The metadata a store keeps of each object. */
export interface CachedMeta extends Key {
  readonly uid: string;
  readonly resourceVersion: string;
  /** 0 for kinds that have none (ConfigMap, Secret, …). */
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

/** The least a store keeps of an object; projections add what their readers need. */
export interface Cached {
  readonly metadata: CachedMeta;
}

/** Names a kind for the client. The type parameter is the wire shape of its objects. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set; carries T for the compiler. */
  readonly wire?: T;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, moved only when status changes. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

export function keyOf(object: { readonly metadata: { readonly name: string; readonly namespace?: string } }): Key {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}

/** `namespace/name`, or `name` alone for a cluster-scoped object. */
export function formatKey(key: Key): string {
  return key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
}

/** The opposite of formatKey. */
export function parseKey(text: string): Key {
  const slash = text.indexOf('/');
  return slash < 0 ? { namespace: '', name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** The reference of the one controller among the owners, if any. */
export function controllerOf(object: {
  readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] };
}): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/**
 * The reference which makes `owner` the controller of a child; children go when the owner goes. It does not block the
 * owner's foreground deletion: that would take the right to update the owner's finalizers.
 */
export function controllerReference(resource: Resource, owner: Cached): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
  };
}
