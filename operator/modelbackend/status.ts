/**
 * The status of a ModelBackend: conditions, addresses and models, from what was
 * observed. Pure; servers route by it, so nothing is said that was not seen.
 */
import type { ModelBackendConditionType, ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { setCondition } from '#operator/kit/conditions.ts';
import type { Condition } from '#operator/kit/object.ts';
import { selectorText } from '#operator/workload/labels.ts';
import { latestFailure, servingPods } from '#operator/workload/pods.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import type { Address } from '../../models/endpoint.ts';
import { judge, readyVerdict } from './conditions.ts';
import { type Observed, workloadFor } from './observe.ts';

const ORDER: readonly ModelBackendConditionType[] = [
  'Ready',
  'Accepted',
  'Available',
  'Reachable',
  'ModelsLoaded',
  'Progressing',
  'Degraded',
];

export function status(observed: Observed, address: Address | undefined, now: string): ModelBackendStatus {
  const { backend, probe, workload } = observed;
  const { spec, metadata } = backend;
  const judgements = judge(observed);
  const verdicts: Readonly<Record<ModelBackendConditionType, Verdict>> = {
    ...judgements,
    Ready: readyVerdict(judgements, probe),
  };
  let conditions: readonly Condition[] = backend.status?.conditions ?? [];
  for (const type of ORDER) {
    conditions = setCondition(conditions, { type, ...verdicts[type], observedGeneration: metadata.generation }, now);
  }
  return {
    observedGeneration: metadata.generation,
    ...(address === undefined
      ? {}
      : { addresses: [{ name: 'http', protocol: spec.protocol, url: address.url, pathPrefix: address.pathPrefix }] }),
    models: spec.models.map((model) => {
      const found = probe?.models.find(({ name }) => name === model.name);
      return {
        name: model.name,
        upstreamName: model.upstreamName ?? model.name,
        state: found?.state ?? 'Pending',
        tasks: model.tasks,
        ...(found === undefined || found.state === 'Loaded' ? {} : { reason: found.message.slice(0, 512) }),
      };
    }),
    replicas: workload?.pods.length ?? 0,
    readyReplicas: workload === undefined ? 0 : servingPods(workload.pods).length,
    ...(workload === undefined ? {} : { selector: selectorText(workloadFor(backend)) }),
    ...accelerator(observed),
    ...lastFailure(observed),
    conditions: ordered(conditions),
  };
}

function accelerator({ backend }: Observed): Pick<ModelBackendStatus, 'accelerator'> {
  const asked = backend.spec.managed?.accelerator;
  return asked === undefined ? {} : { accelerator: { resourceName: asked.resourceName, count: asked.count } };
}

/** Kept until a newer failure replaces it: the pod that failed is soon gone. */
function lastFailure({ backend, workload }: Observed): Pick<ModelBackendStatus, 'lastFailure'> {
  const failure = workload && latestFailure(workload.pods);
  if (failure === undefined || failure.time === '') {
    return backend.status?.lastFailure === undefined ? {} : { lastFailure: backend.status.lastFailure };
  }
  const { reason, message, pod, exitCode, time } = failure;
  return { lastFailure: { reason, message, pod, exitCode, time } };
}

const rank = (type: string): number => ORDER.findIndex((known) => known === type);

function ordered(conditions: readonly Condition[]): NonNullable<ModelBackendStatus['conditions']> {
  return conditions
    .filter(({ type }) => rank(type) >= 0)
    .toSorted((a, b) => rank(a.type) - rank(b.type))
    .map((condition) => ({ ...condition, observedGeneration: condition.observedGeneration ?? 0 }));
}
