/**
 * One reconcile of a ModelBackend: look, write what differs, tell the prober whom to
 * ask, say what is. The only file of this controller that writes.
 */
import type { Applier } from '#operator/kit/apply.ts';
import type { Client } from '#operator/kit/client.ts';
import { done, type Reconcile } from '#operator/kit/controller.ts';
import type { EventRecorder } from '#operator/kit/events.ts';
import { controllerOf, formatKey } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import type { Store } from '#operator/kit/store.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import type { ClaimWriter } from '#operator/workload/retained.ts';
import type { Prober } from '../../models/prober.ts';
import { type Child, desired } from './desired.ts';
import { transitions } from './events.ts';
import { type Caches, observe } from './observe.ts';
import { follow } from './probing.ts';
import { status } from './status.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  readonly client: Client;
  readonly applier: Applier;
  readonly claims: ClaimWriter;
  readonly prober: Prober;
  readonly events: EventRecorder;
  /** RFC 3339, whole seconds. */
  readonly now: () => string;
}

export function reconciler(deps: ReconcileDeps): Reconcile {
  const { caches, client, applier, claims, prober, events, now } = deps;
  return async (request, { signal }) => {
    const backend = caches.modelBackends.store.get(request);
    if (backend === undefined || backend.metadata.deletionTimestamp !== undefined) {
      prober.forget(formatKey(request));
      return done;
    }
    const observed = observe(backend, caches);
    const { children, claim, address } = desired(backend);
    if (observed.problems.length === 0) {
      if (claim !== undefined)
        await claims.ensure(claim, backend.metadata.uid, caches.persistentVolumeClaims.store, { signal });
      await Promise.all(
        children.map(({ resource, intent }) =>
          applier.ensure(resource, intent, storeOf(caches, resource.plural), { signal }),
        ),
      );
      await Promise.all(
        orphans(caches, backend.metadata, children).map(([resource, child]) =>
          applier.remove(resource, child, { signal }),
        ),
      );
    }
    const probe = follow(prober, client, observed, address);
    const next = status({ ...observed, probe }, address, now());
    if (await applier.applyStatus(modelBackends, backend, next, caches.modelBackends.store, { signal })) {
      for (const event of transitions(backend.status?.conditions, next.conditions))
        events.record(modelBackends, backend, event);
    }
    return done;
  };
}

const CHILD_CACHES = ['deployments', 'services', 'horizontalPodAutoscalers', 'podDisruptionBudgets'] as const;

function storeOf(caches: Caches, plural: string): Store<CachedChild> {
  const name = CHILD_CACHES.find((candidate) => caches[candidate].resource.plural === plural);
  if (name === undefined) throw new TypeError(`there is no cache of ${plural}`);
  return caches[name].store as unknown as Store<CachedChild>;
}

/** Children of ours that the spec no longer asks for. */
function orphans(caches: Caches, owner: { readonly uid: string }, wanted: readonly Child[]) {
  return CHILD_CACHES.flatMap((name) => {
    const { resource, store } = caches[name];
    if (wanted.some((child) => child.resource.plural === resource.plural)) return [];
    return store
      .ownedBy(owner.uid)
      .filter((child) => controllerOf(child)?.uid === owner.uid)
      .map((child) => [resource, child] as const);
  });
}
