/**
 * One reconcile of a ModelBackend: observe, decide, tell the prober whom to ask, write what differs, say what is. It
 * looks at the world and never at the event that woke it; nothing in here waits for a backend.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Prober } from '#models/prober.ts';
import type { Client } from '#operator/kit/client.ts';
import { done, type Reconcile, type ReconcileContext } from '#operator/kit/controller.ts';
import { formatKey } from '#operator/kit/object.ts';
import { applyPlan, type Writers } from '#operator/workload/apply.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { applyAndSay } from '#operator/workload/outcome.ts';
import type { StatusWriter } from '#operator/workload/statuswriter.ts';
import { type Caches, childKinds } from './caches.ts';
import { desired } from './desired.ts';
import { findingOf } from './finding.ts';
import { ownerOf } from './names.ts';
import { observe } from './observe.ts';
import { probeTarget } from './probing.ts';
import { status } from './status.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  /** For credentials. */
  readonly client: Pick<Client, 'get'>;
  readonly writers: Writers;
  readonly statuses: StatusWriter<ModelBackendStatus, CachedModelBackend>;
  readonly prober: Pick<Prober, 'watch' | 'forget' | 'result'>;
}

export const createReconcile =
  (deps: ReconcileDeps): Reconcile =>
  async (key, { signal }: Pick<ReconcileContext, 'signal'>) => {
    const { caches, client, writers, statuses, prober } = deps;
    const id = formatKey(key);
    const backend = caches.modelBackends.store.get(key);
    if (backend === undefined || backend.metadata.deletionTimestamp !== undefined) {
      prober.forget(id);
      statuses.forget(key);
      return done;
    }
    const observed = observe(backend, caches);
    const plan = desired(backend, observed);
    const target = probeTarget(client, backend, observed, plan);
    if (target === undefined) prober.forget(id);
    else prober.watch(id, target);
    return applyAndSay(
      plan.problems,
      () => applyPlan(ownerOf(backend), plan, observed.deployment, childKinds(caches), writers, { signal }),
      (problems) => {
        const judge = (previous: ModelBackendStatus | undefined, now: string): ModelBackendStatus => {
          const finding = findingOf(backend, prober.result(id), previous);
          return status({ backend, observed, problems, finding, previous }, plan.address, now);
        };
        return statuses.write(backend, judge, { signal });
      },
    );
  };
