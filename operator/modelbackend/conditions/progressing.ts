/**
 * Progressing: pods of the engine are being started or replaced. An engine that wants no pods makes no progress.
 */
import { progress } from '#operator/workload/availability.ts';
import { fails } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import type { Judgement, Situation } from './situation.ts';

export function progressing({ backend, observed }: Pick<Situation, 'backend' | 'observed'>): Judgement<'Progressing'> {
  const { managed } = backend.spec;
  if (managed === undefined) return fails('NotNeeded', 'The operator runs no pods for this type.');
  const { deployment, pods } = observed;
  const wanted = wantedPods(managed, deployment);
  if (wanted === 0 && pods.length === 0) return fails('Complete', 'No pods are asked for.');
  return progress({ deployment, pods, wanted });
}
