/**
 * One reconcile of an McpServer: observe, decide, write what differs, say what is. It looks at the world and never at
 * the event that woke it; nothing in here waits for a server.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Reconcile, ReconcileContext } from '#operator/kit/controller.ts';
import { done } from '#operator/kit/controller.ts';
import { applyPlan, type Writers } from '#operator/workload/apply.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { applyAndSay } from '#operator/workload/outcome.ts';
import { revisionsOf, servingPods } from '#operator/workload/pods.ts';
import type { StatusWriter } from '#operator/workload/statuswriter.ts';
import { type Caches, childKinds } from './caches.ts';
import { advance, type Examined, examination } from './conformance/examination.ts';
import { type DesiredOptions, desired } from './desired.ts';
import { ownerOf, serviceUrl } from './names.ts';
import { type Observed, observe } from './observe.ts';
import { status } from './status.ts';
import type { Target, Verifier } from './verifier.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  readonly writers: Writers;
  readonly statuses: StatusWriter<McpServerStatus, CachedMcpServer>;
  readonly verifier: Pick<Verifier, 'aim' | 'finding'>;
  readonly desired: DesiredOptions;
}

export const createReconcile =
  (deps: ReconcileDeps): Reconcile =>
  async (key, { signal }: Pick<ReconcileContext, 'signal'>) => {
    const { caches, writers, statuses, verifier } = deps;
    const server = caches.mcpServers.store.get(key);
    if (server === undefined || server.metadata.deletionTimestamp !== undefined) {
      verifier.aim(key, undefined);
      statuses.forget(key);
      return done;
    }
    const observed = observe(server, caches, verifier.finding(key));
    verifier.aim(key, target(server, observed));
    const plan = desired(server, observed, deps.desired);
    let examined: Examined | undefined;
    return applyAndSay(
      plan.problems,
      async () => {
        const applied = await applyPlan(ownerOf(server), plan, observed.deployment, childKinds(caches), writers, {
          signal,
        });
        if (applied.unfinished) return applied;
        const asked = examination(server, observed, [...plan.problems, ...applied.problems], deps.desired);
        examined = await advance(asked, writers.applier, caches.jobs.store, { signal });
        return applied;
      },
      (problems) =>
        statuses.write(server, (previous, now) => status({ server, observed, problems, previous, examined }, now), {
          signal,
        }),
    );
  };

/** What to ask; undefined while nothing could answer. */
function target(server: CachedMcpServer, { pods, clusterIP }: Observed): Target | undefined {
  const serving = servingPods(pods);
  if (serving.length === 0) return undefined;
  return { url: serviceUrl(server), address: clusterIP, revision: revisionsOf(serving).join(',') };
}
