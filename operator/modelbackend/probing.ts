/**
 * Connects ModelBackends with the prober: who is asked, with which credential, and when
 * to forget. The prober runs beside the reconcile workers and wakes the controller when
 * its finding changes.
 */
import { milliseconds } from '#crds/duration.ts';
import type { Client } from '#operator/kit/client.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import { formatKey, type Key } from '#operator/kit/object.ts';
import { secrets } from '#operator/kit/resources.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { type Address, endpointOf, type ReadCredential } from '../../models/endpoint.ts';
import type { ProbeResult, ProbeTarget } from '../../models/probe.ts';
import type { Prober } from '../../models/prober.ts';
import type { Observed } from './observe.ts';

/**
 * Watches the backend while there is somebody to ask, and says what is known of it. What
 * was known of pods that are gone is forgotten.
 */
export function follow(
  prober: Prober,
  client: Client,
  observed: Omit<Observed, 'probe'>,
  address: Address | undefined,
): ProbeResult | undefined {
  const { backend, workload, problems } = observed;
  const key = formatKey(backend.metadata);
  const askable = workload === undefined || servingPods(workload.pods).length > 0;
  if (address === undefined || !askable || problems.length > 0) {
    prober.forget(key);
    return undefined;
  }
  prober.watch(key, target(backend, address, observed.credentialVersion, credentialReader(client, backend)));
  return prober.result(key);
}

function target(
  backend: CachedModelBackend,
  address: Address,
  credentialVersion: string | undefined,
  credential: ReadCredential | undefined,
): ProbeTarget {
  const { protocol, models, health } = backend.spec;
  return {
    protocol,
    endpoint: endpointOf(backend, address, credential),
    models,
    health: {
      intervalMs: milliseconds(health.interval),
      timeoutMs: milliseconds(health.timeout),
      failureThreshold: health.failureThreshold,
      inference: {
        enabled: health.inference.enabled,
        intervalMs: milliseconds(health.inference.interval),
        timeoutMs: milliseconds(health.inference.timeout),
      },
    },
    revision: credentialVersion ?? '',
  };
}

/** Reads the Secret when a request needs it, so that no credential is kept. */
function credentialReader(client: Client, { metadata, spec }: CachedModelBackend): ReadCredential | undefined {
  const reference = spec.auth.secretRef;
  if (reference === undefined) return undefined;
  const key: Key = { namespace: metadata.namespace, name: reference.name };
  return async () => {
    try {
      const { data } = await client.get(secrets, key);
      const value = data?.[reference.key];
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
}
