/**
 * Which changes of an object are worth a reconcile, after controller-runtime's predicates. Additions and deletions
 * always pass; a predicate judges a modification alone. Several given to one source are joined by "or".
 */
import type { Cached } from './object.ts';

export type Predicate<T> = (previous: T, current: T) => boolean;

/** The spec changed. Kinds without a generation (ConfigMap, Secret, …) never pass: watch their content instead. */
export const generationChanged: Predicate<Cached> = (previous, current) =>
  previous.metadata.generation !== current.metadata.generation;

export const labelsChanged: Predicate<Cached> = (previous, current) =>
  !sameStrings(previous.metadata.labels, current.metadata.labels);

export const annotationsChanged: Predicate<Cached> = (previous, current) =>
  !sameStrings(previous.metadata.annotations, current.metadata.annotations);

/** Deletion has been asked for. */
export const deletionStarted: Predicate<Cached> = (previous, current) =>
  previous.metadata.deletionTimestamp !== current.metadata.deletionTimestamp;

/** The object was replaced by another of the same name. */
export const replaced: Predicate<Cached> = (previous, current) => previous.metadata.uid !== current.metadata.uid;

/** The part of the projection which `pick` names changed, compared as JSON. */
export function changed<T extends Cached>(pick: (object: T) => unknown): Predicate<T> {
  return (previous, current) => JSON.stringify(pick(previous)) !== JSON.stringify(pick(current));
}

export const statusChanged: Predicate<Cached & { readonly status?: unknown }> = changed((object) => object.status);

function sameStrings(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
