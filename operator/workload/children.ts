/**
 * The children of a custom resource as data: in which caches they are found, what is wanted of them, and which of those
 * found are a stranger's or no longer wanted. Knows no kind of child but the claim, which outlives a change of mind.
 */
import type { Informer } from '#operator/kit/informer.ts';
import { controllerOf, type Key, type KubeObject, type Resource } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import type { Store } from '#operator/kit/store.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import { isLeftover, isOurs, nameConflict, type Owner, type Suffix } from './owner.ts';
import type { Problem } from './problem.ts';

/** Where children of one kind are found, and what their name adds to that of the owner. */
export interface ChildKind {
  readonly informer: Informer<CachedChild>;
  readonly suffix: Suffix;
}

/** Readers of a child need no more than what all children have. */
export const childKind = <T extends CachedChild>(informer: Informer<T>, suffix: Suffix = ''): ChildKind => ({
  informer: informer as unknown as Informer<CachedChild>,
  suffix,
});

/** An object with the name of a possible child, whoever owns it. */
export interface FoundChild {
  readonly resource: Resource;
  readonly object: CachedChild;
}

export function findChildren(kinds: readonly ChildKind[], { namespace, name }: Key): readonly FoundChild[] {
  return kinds.flatMap(({ informer: { resource, store }, suffix }) => {
    const object = store.get({ namespace, name: `${name}${suffix}` });
    return object === undefined ? [] : [{ resource, object }];
  });
}

export function storeOf(kinds: readonly ChildKind[], { kind }: Resource): Store<CachedChild> {
  const found = kinds.find(({ informer }) => informer.resource.kind === kind);
  if (found === undefined) throw new TypeError(`no cache holds ${kind}`);
  return found.informer.store;
}

export interface Child {
  readonly resource: Resource;
  readonly intent: KubeObject;
  /** Made when it is missing and never changed afterwards. */
  readonly createOnly?: boolean;
}

export interface Wanted {
  /** What pods need before they start. */
  readonly foundations: readonly Child[];
  /** What starts pods, and what acts on them. */
  readonly workload: readonly Child[];
  readonly volume: PersistentVolumeClaim | undefined;
  /** The fewest pods of an autoscaler that owns their number; undefined where the number is ours. */
  readonly autoscaledFrom: number | undefined;
}

export interface Plan extends Wanted {
  /** Ours, and no longer wanted. */
  readonly orphans: readonly FoundChild[];
  readonly problems: readonly Problem[];
}

/** What changes nothing: what is there goes on. */
export const NO_CHANGES = {
  foundations: [],
  workload: [],
  volume: undefined,
  autoscaledFrom: undefined,
  orphans: [],
} as const satisfies Omit<Plan, 'problems'>;

/** Objects that have the names of wanted children and are not ours. */
export const foreignChildren = (owner: Owner, wanted: Wanted, found: readonly FoundChild[]): readonly FoundChild[] =>
  found.filter(({ resource, object }) => isWanted(wanted, resource) && !isOurs(owner, resource, object));

/** What is said of them; what the garbage collector is about to take needs nobody's care. */
export const nameConflicts = (owner: Owner, foreign: readonly FoundChild[]): readonly Problem[] =>
  foreign
    .filter(({ object }) => !isLeftover(owner, controllerOf(object)))
    .map(({ resource, object }) => nameConflict(owner, resource, object, controllerOf(object)));

/** Children that are ours and no longer wanted. */
export const orphanedChildren = (owner: Owner, wanted: Wanted, found: readonly FoundChild[]): readonly FoundChild[] =>
  found.filter(
    ({ resource, object }) =>
      !isWanted(wanted, resource) &&
      // Data goes with the owner that asked for it to go, and at no earlier time.
      resource.kind !== persistentVolumeClaims.kind &&
      isOurs(owner, resource, object),
  );

function isWanted({ foundations, workload, volume }: Wanted, { kind }: Resource): boolean {
  if (kind === persistentVolumeClaims.kind) return volume !== undefined;
  return [...foundations, ...workload].some(({ resource }) => resource.kind === kind);
}
