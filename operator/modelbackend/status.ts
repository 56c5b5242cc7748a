/**
 * The status of a ModelBackend as a pure function of what was observed. Servers route by it, so nothing is said that
 * was not seen.
 */
import type { ModelBackendConditionType, ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Address } from '#models/endpoint.ts';
import { conditionsOf } from '#operator/workload/conditions.ts';
import { selectorText } from '#operator/workload/labels.ts';
import { latestFailure, servingPods, stayingPods } from '#operator/workload/pods.ts';
import { printable } from '#operator/workload/printable.ts';
import { acceptance } from '#operator/workload/problem.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import { available } from './conditions/available.ts';
import { degraded } from './conditions/degraded.ts';
import { loadedModels, modelsLoaded } from './conditions/modelsloaded.ts';
import { progressing } from './conditions/progressing.ts';
import { reachable } from './conditions/reachable.ts';
import { ready } from './conditions/ready.ts';
import type { Situation } from './conditions/situation.ts';
import { workloadOf } from './names.ts';

/** `now` is RFC 3339. */
export function status(situation: Situation, address: Address | undefined, now: string): ModelBackendStatus {
  const { backend, observed, previous } = situation;
  const { spec, metadata } = backend;
  return {
    observedGeneration: metadata.generation,
    ...(address === undefined ? {} : { addresses: [{ name: 'http', protocol: spec.protocol, ...address }] }),
    models: models(situation),
    replicas: stayingPods(observed.pods).length,
    readyReplicas: servingPods(observed.pods).length,
    ...(spec.managed === undefined ? {} : { selector: selectorText(workloadOf(backend)) }),
    ...accelerator(situation),
    ...lastFailure(situation),
    conditions: conditionsOf(verdicts(situation), metadata.generation, previous?.conditions, now),
  };
}

type Verdicts = Readonly<Record<ModelBackendConditionType, Verdict>>;

function verdicts(situation: Situation): Verdicts {
  const prerequisites = {
    accepted: acceptance(situation.problems),
    available: available(situation),
    reachable: reachable(situation),
    modelsLoaded: modelsLoaded(situation),
  };
  return {
    Accepted: prerequisites.accepted,
    Available: prerequisites.available,
    Reachable: prerequisites.reachable,
    ModelsLoaded: prerequisites.modelsLoaded,
    Progressing: progressing(situation),
    Degraded: degraded(situation),
    Ready: ready(prerequisites, loadedModels(situation)),
  };
}

const MAX_REASON = 512;

function models(situation: Situation): NonNullable<ModelBackendStatus['models']> {
  const { backend, finding } = situation;
  const obstacle = reachable(situation);
  return backend.spec.models.map(({ name, upstreamName, tasks }) => {
    const known = finding.models.find((model) => model.name === name);
    const state = known?.state ?? 'Pending';
    const message = (obstacle.status === 'True' ? known?.message : undefined) ?? obstacle.message;
    return {
      name,
      upstreamName: upstreamName ?? name,
      state,
      tasks,
      ...(state === 'Loaded' ? {} : { reason: printable(message, MAX_REASON) }),
    };
  });
}

function accelerator({ backend }: Situation): Pick<ModelBackendStatus, 'accelerator'> {
  const asked = backend.spec.managed?.accelerator;
  return asked === undefined ? {} : { accelerator: { resourceName: asked.resourceName, count: asked.count } };
}

/** Kept until a later failure takes its place: the pod that failed is soon gone. */
function lastFailure({ observed, previous }: Situation): Pick<ModelBackendStatus, 'lastFailure'> {
  const known = previous?.lastFailure;
  const found = latestFailure(observed.pods);
  const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);
  if (found === undefined || !(seconds(found.time) >= seconds(known?.time ?? '1970-01-01T00:00:00Z'))) {
    return known === undefined ? {} : { lastFailure: known };
  }
  const { reason, message, pod, exitCode, time } = found;
  return { lastFailure: { reason: printable(reason, 128), message, pod, exitCode, time } };
}
