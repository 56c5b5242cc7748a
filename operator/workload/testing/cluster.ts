/**
 * What a cluster does beside an operator, played on the in-memory API server: rollouts that complete. Time runs fifty
 * times as fast, so that what waits a second is not waited for.
 */
import { vi } from 'vitest';
import type { Clock } from '#operator/kit/clock.ts';
import { deployments, pods } from '#operator/kit/resources.ts';
import type { TestApi } from '#operator/kit/testing/api.ts';
import type { Pod } from '#operator/kit/wire.ts';

const SPEED = 50;
export const fastClock: Clock = {
  now: () => performance.now() * SPEED,
  wall: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms / SPEED);
    return () => clearTimeout(timer);
  },
};

export const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 15_000, interval: 5 });

export const key = (name: string) => ({ namespace: 'team-a', name });

/** The Deployment's rollout completes with as many pods as it asks for; `pod` makes one by its name. Returns how many. */
export function completeRollout(api: TestApi, name: string, pod: (name: string) => Pod, serving: boolean): number {
  const { metadata, spec } = api.get(deployments, key(name));
  const replicas = spec.replicas ?? 1;
  for (let i = 1; i <= replicas; i += 1) {
    const { status, ...made } = pod(`${name}-${i}`);
    api.put(pods, made);
    api.setStatus(pods, key(`${name}-${i}`), status ?? {}, 'kubelet');
  }
  const ready = serving ? replicas : 0;
  api.setStatus(deployments, key(name), {
    observedGeneration: metadata.generation,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: ready,
    availableReplicas: ready,
    conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
  });
  return replicas;
}

/** Resolves when nobody has written anything for longer than the longest wait for a status. */
export async function quiet(api: TestApi): Promise<void> {
  let seen = -1;
  while (seen !== api.writes.length) {
    seen = api.writes.length;
    await new Promise((resolve) => setTimeout(resolve, 6500 / SPEED));
  }
}
