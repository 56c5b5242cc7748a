/**
 * Progressing: pods are being started or replaced. A server that wants no pods makes no progress.
 */
import { progress } from '#operator/workload/availability.ts';
import { fails } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import type { Judgement, Situation } from './situation.ts';

export function progressing({ server, observed }: Situation): Judgement<'Progressing'> {
  const { deployment, pods } = observed;
  const wanted = wantedPods(server.spec, deployment);
  if (wanted === 0 && pods.length === 0) return fails('Complete', 'No pods are asked for.');
  return progress({ deployment, pods, wanted });
}
