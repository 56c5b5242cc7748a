/**
 * Which owner a change to a child or pod concerns. Anything with the name of a child concerns the owner of that name,
 * whoever owns it, so that a stranger's object is noticed when it comes and when it goes.
 */
import type { Controller } from '#operator/kit/controller.ts';
import type { Informer } from '#operator/kit/informer.ts';
import type { Priority } from '#operator/kit/lanes.ts';
import type { Cached, Key } from '#operator/kit/object.ts';
import { changed } from '#operator/kit/predicates.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import type { StoreEvent } from '#operator/kit/store.ts';
import type { ChildKind } from './children.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL, type Workload } from './labels.ts';
import type { CachedPod } from './pods.ts';

/** `mayHave` says whether there is an owner with this key that may have children. */
export function watchChildren(
  controller: Controller,
  kinds: readonly ChildKind[],
  mayHave: (owner: Key) => boolean,
): void {
  for (const { informer, suffix } of kinds) {
    const named = ({ metadata: { namespace, name } }: Cached): readonly Key[] => {
      if (!name.endsWith(suffix)) return [];
      const key = { namespace, name: name.slice(0, name.length - suffix.length) };
      return mayHave(key) ? [key] : [];
    };
    controller.watches(informer, named, { predicates: [changed(contentOf)], priority: needsRepair });
  }
}

export function watchPods(
  controller: Controller,
  pods: Informer<CachedPod>,
  application: Workload['application'],
): void {
  const instance = ({ metadata }: Cached): readonly Key[] => {
    const { [APPLICATION_LABEL]: found, [INSTANCE_LABEL]: name } = metadata.labels;
    return found === application && name !== undefined ? [{ namespace: metadata.namespace, name }] : [];
  };
  controller.watches(pods, instance, { predicates: [changed(contentOf)], priority: () => 'low' });
}

/** A child that went or was changed by somebody; that one came or reports its status only wants to be told. */
function needsRepair(event: StoreEvent<CachedChild>): Priority {
  if (event.type !== 'modified') return event.type === 'deleted' ? 'normal' : 'low';
  return changed(intentOf)(event.previous, event.object) ? 'normal' : 'low';
}

const intentOf = ({ metadata, ownedHash }: CachedChild): unknown => [
  metadata.uid,
  metadata.labels,
  metadata.ownerReferences,
  metadata.deletionTimestamp,
  ownedHash,
];

/** What is read of a child or pod. Most updates change their status in a way that concerns nobody here. */
function contentOf({ metadata, ...rest }: Cached): unknown {
  const { uid, labels, ownerReferences, deletionTimestamp } = metadata;
  return [uid, labels, ownerReferences, deletionTimestamp, rest];
}
