/**
 * Brings the children to what the plan says: first what pods need, then away with what is no longer wanted, such as an
 * autoscaler that would change what follows, then what starts pods. Within a step all at once, since nothing there
 * depends on each other. A reconcile that had to make the first step's objects ends there: of many new owners each gets
 * these before the pods of any come up, because the API server gives out the addresses of Services one at a time and
 * takes ten times as long for each while pods report. Tells which intents met a stranger's object or were refused as
 * invalid; everything else that fails is thrown after the step has ended.
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

export interface Applied {
  /** Those that only the API server could find. */
  readonly problems: readonly Problem[];
  /** The next steps are for another reconcile. */
  readonly unfinished?: true;
}

/** `deployment` is the one that the plan is about, as observed. */
export async function applyPlan(
  owner: Owner,
  plan: Plan,
  deployment: CachedDeployment | undefined,
  kinds: readonly ChildKind[],
  { applier, claims, handover }: Writers,
  options: RequestOptions,
): Promise<Applied> {
  const ensure = ({ resource, intent, createOnly = false }: Child): Promise<Step> => {
    const ensuring = applier.ensure(resource, intent, storeOf(kinds, resource), { ...options, createOnly });
    return stepOf(owner, resource, intent, ensuring);
  };
  const { volume, autoscaledFrom } = plan;
  const writes = plan.foundations.map(ensure);
  if (volume !== undefined) {
    const store = storeOf(kinds, persistentVolumeClaims);
    const ensuring = claims.ensure(volume, owner.metadata.uid, store, options);
    writes.push(stepOf(owner, persistentVolumeClaims, volume, ensuring));
  }
  const foundations = await together(writes);
  const problems = foundations.flatMap((step) => step.problems);
  if (problems.length > 0) return { problems };
  if (foundations.some(({ created }) => created)) return { problems, unfinished: true };
  await together(plan.orphans.map(({ resource, object }) => applier.remove(resource, object, options)));
  if (autoscaledFrom !== undefined) await handOverReplicas(handover, deployment, autoscaledFrom, options);
  const workload = await together(plan.workload.map(ensure));
  return { problems: workload.flatMap((step) => step.problems) };
}

interface Step {
  readonly problems: readonly Problem[];
  readonly created: boolean;
}

/** All of them end before the first failure is thrown, so that no write is still under way after a reconcile. */
async function together<T>(writes: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(writes);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function stepOf(owner: Owner, resource: Resource, intent: KubeObject, ensuring: Promise<Ensured>): Promise<Step> {
  try {
    const ensured = await ensuring;
    const created = ensured.outcome === 'created';
    if (ensured.outcome !== 'name-conflict' || isLeftover(owner, ensured.owner)) return { problems: [], created };
    return { problems: [nameConflict(owner, resource, intent, ensured.owner)], created };
  } catch (error) {
    if (!isInvalid(error)) throw error;
    const message = printable(`The API server refused ${resource.kind} ${intent.metadata.name}: ${error.message}`);
    const problem = {
      reason: 'UnsupportedCombination',
      message: `${message} Correct the spec.`,
      blocking: true,
    } as const;
    return { problems: [problem], created: false };
  }
}
