/**
 * Brings the children to what the plan says: what pods need first, then away with what is no longer wanted, such as an
 * autoscaler that would change what follows, then what starts pods. Within a step all at once. Tells which intents met
 * a stranger's object or were refused as invalid; everything else that fails is thrown after the step has ended.
 */
import type { Applier, Ensured } from '#operator/kit/apply.ts';
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import { isInvalid } from '#operator/kit/errors.ts';
import type { KubeObject, Resource } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import type { Store } from '#operator/kit/store.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { handOverReplicas } from '#operator/workload/handover.ts';
import { printable } from '#operator/workload/printable.ts';
import type { ClaimWriter } from '#operator/workload/retained.ts';
import { type Caches, CHILD_KINDS, childInformer } from './caches.ts';
import type { Child, Plan } from './desired.ts';
import type { Observed } from './observe.ts';
import { nameConflict } from './problems/names.ts';
import type { Problem } from './problems/problem.ts';

export interface Writers {
  readonly applier: Applier;
  readonly claims: ClaimWriter;
  /** Writes as the field manager that keeps the number of pods for an autoscaler. */
  readonly handover: Pick<Client, 'apply'>;
}

/** Problems that only the API server could find. */
export async function applyPlan(
  backend: CachedModelBackend,
  plan: Plan,
  observed: Observed,
  caches: Caches,
  writers: Writers,
  options: RequestOptions,
): Promise<readonly Problem[]> {
  const { applier, claims, handover } = writers;
  const ensure = ({ resource, intent }: Child): Promise<readonly Problem[]> =>
    problemsOf(resource, intent, applier.ensure(resource, intent, storeOf(caches, resource), options));
  const { volume } = plan;
  const claimStore = caches.persistentVolumeClaims.store;
  const found = await together([
    ...plan.foundations.map(ensure),
    ...(volume === undefined
      ? []
      : [problemsOf(persistentVolumeClaims, volume, claims.ensure(volume, backend.metadata.uid, claimStore, options))]),
  ]);
  if (found.length > 0) return found;
  await together(
    plan.orphans.map(async ({ resource, object }) => {
      await applier.remove(resource, object, options);
      return [];
    }),
  );
  const { autoscaling } = backend.spec.managed ?? {};
  if (plan.workload.length > 0 && autoscaling !== undefined)
    await handOverReplicas(handover, observed.deployment, autoscaling.minReplicas, options);
  return together(plan.workload.map(ensure));
}

/** All of them end before the first failure is thrown, so that no write is still under way after a reconcile. */
async function together(writes: readonly Promise<readonly Problem[]>[]): Promise<readonly Problem[]> {
  const results = await Promise.allSettled(writes);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

async function problemsOf(
  resource: Resource,
  intent: KubeObject,
  ensuring: Promise<Ensured>,
): Promise<readonly Problem[]> {
  try {
    const ensured = await ensuring;
    return ensured.outcome === 'name-conflict' ? [nameConflict(resource, intent, ensured.owner)] : [];
  } catch (error) {
    if (!isInvalid(error)) throw error;
    const message = printable(`The API server refused ${resource.kind} ${intent.metadata.name}: ${error.message}`);
    return [{ reason: 'UnsupportedCombination', message: `${message} Correct the spec.` }];
  }
}

function storeOf(caches: Caches, { kind }: Resource): Store<CachedChild> {
  const found = CHILD_KINDS.find(({ cache }) => caches[cache].resource.kind === kind);
  if (found === undefined) throw new TypeError(`no cache holds ${kind}`);
  return childInformer(caches, found.cache).store;
}
