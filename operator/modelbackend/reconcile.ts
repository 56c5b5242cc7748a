/**
 * One reconcile of a ModelBackend: observe, decide, tell the prober whom to ask, write what differs, say what is. It
 * looks at the world and never at the event that woke it; nothing in here waits for a backend.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Prober } from '#models/prober.ts';
import type { Client } from '#operator/kit/client.ts';
import { done, type Reconcile, type ReconcileContext } from '#operator/kit/controller.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import { formatKey } from '#operator/kit/object.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { StatusWriter } from '#operator/workload/statuswriter.ts';
import { applyPlan, type Writers } from './apply.ts';
import type { Caches } from './caches.ts';
import { desired } from './desired.ts';
import { findingOf } from './finding.ts';
import { observe } from './observe.ts';
import { probeTarget } from './probing.ts';
import type { Problem } from './problems/problem.ts';
import { status } from './status.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  /** For credentials. */
  readonly client: Pick<Client, 'get'>;
  readonly writers: Writers;
  readonly statuses: StatusWriter<ModelBackendStatus, CachedModelBackend>;
  readonly prober: Pick<Prober, 'watch' | 'forget' | 'result'>;
}

/** What the API server refused may be accepted later, for a reason that no watch shows. */
const REFUSED_RETRY_MS = 30_000;

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
    const say = (problems: readonly Problem[]): Promise<number | undefined> =>
      statuses
        .write(
          backend,
          (previous, now) => {
            const finding = findingOf(backend, prober.result(id), previous);
            return status({ backend, observed, problems, finding, previous }, plan.address, now);
          },
          { signal },
        )
        .catch(goneMeanwhile);
    let refused: readonly Problem[];
    try {
      refused = await applyPlan(backend, plan, observed, caches, writers, { signal });
    } catch (error) {
      // What is known of the world is true even if not everything could be written.
      await say(plan.problems);
      throw error;
    }
    const waitMs = await say([...plan.problems, ...refused]);
    const requeueAfterMs = refused.length > 0 ? Math.min(waitMs ?? REFUSED_RETRY_MS, REFUSED_RETRY_MS) : waitMs;
    return requeueAfterMs === undefined ? done : { requeueAfterMs };
  };

function goneMeanwhile(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
