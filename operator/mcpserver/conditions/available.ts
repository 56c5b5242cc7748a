/**
 * Available: at least one pod is ready to serve.
 */
import { availability } from '#operator/workload/availability.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { fails } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import type { Judgement, Situation } from './situation.ts';

export function available({ server, observed }: Situation): Judgement<'Available'> {
  const { deployment, pods } = observed;
  if (server.spec.suspended && servingPods(pods).length === 0) {
    return fails('Suspended', 'spec.suspended is true; set it to false to run pods.');
  }
  return availability({ deployment, pods, wanted: wantedPods(server.spec, deployment) });
}
