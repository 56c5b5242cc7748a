/**
 * One reconcile of an McpServer: observe, decide, write what differs, say what is. It looks at the world and never at
 * the event that woke it; nothing in here waits for a server.
 */

import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Reconcile, ReconcileContext } from '#operator/kit/controller.ts';
import { done } from '#operator/kit/controller.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { type CachedPod, servingPods } from '#operator/workload/pods.ts';
import type { StatusWriter } from '#operator/workload/statuswriter.ts';
import { applyPlan, type Writers } from './apply.ts';
import type { Caches } from './caches.ts';
import { type DesiredOptions, desired } from './desired.ts';
import { serviceUrl } from './names.ts';
import { type Observed, observe } from './observe.ts';
import type { Problem } from './problems/problem.ts';
import { status } from './status.ts';
import type { Target, Verifier } from './verifier.ts';

export interface ReconcileDeps {
  readonly caches: Caches;
  readonly writers: Writers;
  readonly statuses: StatusWriter<McpServerStatus, CachedMcpServer>;
  readonly verifier: Pick<Verifier, 'aim' | 'finding'>;
  readonly desired: DesiredOptions;
}

/** What the API server refused may be accepted later, for a reason that no watch shows. */
const REFUSED_RETRY_MS = 30_000;

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
    const say = (problems: readonly Problem[]): Promise<number | undefined> =>
      statuses
        .write(server, (previous, now) => status({ server, observed, problems, previous }, now), { signal })
        .catch(goneMeanwhile);
    let refused: readonly Problem[];
    try {
      refused = await applyPlan(server, plan, observed, caches, writers, { signal });
    } catch (error) {
      // What is known of the world is true even if not everything could be written.
      await say(plan.problems);
      throw error;
    }
    const waitMs = await say([...plan.problems, ...refused]);
    const requeueAfterMs = refused.length > 0 ? Math.min(waitMs ?? REFUSED_RETRY_MS, REFUSED_RETRY_MS) : waitMs;
    return requeueAfterMs === undefined ? done : { requeueAfterMs };
  };

/** What to ask; undefined while nothing could answer. */
function target(server: CachedMcpServer, { pods, clusterIP }: Observed): Target | undefined {
  const serving = servingPods(pods);
  if (serving.length === 0) return undefined;
  return { url: serviceUrl(server), address: clusterIP, revision: revision(serving) };
}

/** The Deployment controller labels the pods of each revision with the hash of their template. */
function revision(serving: readonly CachedPod[]): string {
  const hashes = serving.map(({ metadata }) => metadata.labels['pod-template-hash'] ?? metadata.uid);
  return [...new Set(hashes)].sort().join(',');
}

function goneMeanwhile(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
