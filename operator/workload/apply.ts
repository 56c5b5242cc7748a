/**
 * Brings the children to what the plan says: first what pods need, then away with what is no longer wanted, such as an
 * autoscaler that would change what follows, then what starts pods. Within a step all at once, since nothing there
 * depends on each other. Tells which intents met a stranger's object or were refused as invalid; everything else that
 * fails is thrown after the step has ended.
 */
import type { Applier, Ensured } from '#operator/kit/apply.ts';
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import { isInvalid } from '#operator/kit/errors.ts';
import type { KubeObject, Resource } from '#operator/kit/object.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import { type Child, type ChildKind, type Plan, storeOf } from './children.ts';
import type { CachedDeployment } from './deployment.ts';
import { handOverReplicas } from './handover.ts';
import { isLeftover, nameConflict, type Owner } from './owner.ts';
import { printable } from './printable.ts';
import type { Problem } from './problem.ts';
import type { ClaimWriter } from './retained.ts';

export interface Writers {
  readonly applier: Applier;
  readonly claims: ClaimWriter;
  /** Writes as HANDOVER_MANAGER. */
  readonly handover: Pick<Client, 'apply'>;
}

/** Problems that only the API server could find. `deployment` is the one that the plan is about, as observed. */
export async function applyPlan(
  owner: Owner,
  plan: Plan,
  deployment: CachedDeployment | undefined,
  kinds: readonly ChildKind[],
  { applier, claims, handover }: Writers,
  options: RequestOptions,
): Promise<readonly Problem[]> {
  const ensure = ({ resource, intent, createOnly = false }: Child): Promise<readonly Problem[]> => {
    const ensuring = applier.ensure(resource, intent, storeOf(kinds, resource), { ...options, createOnly });
    return problemsOf(owner, resource, intent, ensuring);
  };
  const { volume, autoscaledFrom } = plan;
  const writes = plan.foundations.map(ensure);
  if (volume !== undefined) {
    const store = storeOf(kinds, persistentVolumeClaims);
    const ensuring = claims.ensure(volume, owner.metadata.uid, store, options);
    writes.push(problemsOf(owner, persistentVolumeClaims, volume, ensuring));
  }
  const found = await together(writes);
  if (found.length > 0) return found;
  await together(
    plan.orphans.map(async ({ resource, object }) => {
      await applier.remove(resource, object, options);
      return [];
    }),
  );
  if (autoscaledFrom !== undefined) await handOverReplicas(handover, deployment, autoscaledFrom, options);
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
  owner: Owner,
  resource: Resource,
  intent: KubeObject,
  ensuring: Promise<Ensured>,
): Promise<readonly Problem[]> {
  try {
    const ensured = await ensuring;
    if (ensured.outcome !== 'name-conflict' || isLeftover(owner, ensured.owner)) return [];
    return [nameConflict(owner, resource, intent, ensured.owner)];
  } catch (error) {
    if (!isInvalid(error)) throw error;
    const message = printable(`The API server refused ${resource.kind} ${intent.metadata.name}: ${error.message}`);
    return [{ reason: 'UnsupportedCombination', message: `${message} Correct the spec.`, blocking: true }];
  }
}
