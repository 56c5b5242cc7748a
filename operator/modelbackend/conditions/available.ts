/**
 * Available: at least one pod of the engine is ready to serve. Of a backend that somebody else runs no pods are known.
 */
import { availability } from '#operator/workload/availability.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { fails, holds } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import type { Judgement, Situation } from './situation.ts';

export function available({ backend, observed }: Pick<Situation, 'backend' | 'observed'>): Judgement<'Available'> {
  const { managed } = backend.spec;
  if (managed === undefined) return holds('NotNeeded', 'The operator runs no pods for this type.');
  const { deployment, pods } = observed;
  const wanted = wantedPods(managed, deployment);
  if (wanted === 0 && servingPods(pods).length === 0) {
    return fails('ScaledToZero', 'No pods are asked for; set spec.managed.replicas, or scale up.');
  }
  return availability({ deployment, pods, wanted });
}
