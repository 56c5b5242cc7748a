/**
 * Connects ModelBackends with the prober: who is asked, with which credential, and when to forget. The prober runs
 * beside the reconcile workers and wakes the controller when its finding changes.
 */
import { type Address, endpointOf, type ReadCredential } from '#models/endpoint.ts';
import { type ProbeTarget, targetOf } from '#models/probe.ts';
import type { Client } from '#operator/kit/client.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import type { Key } from '#operator/kit/object.ts';
import { secrets } from '#operator/kit/resources.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { type CachedPod, revisionsOf, servingPods } from '#operator/workload/pods.ts';
import type { Plan } from './desired.ts';
import type { Observed } from './observe.ts';

/** Whom to ask; undefined while nobody could answer, or the spec cannot be acted on. */
export function probeTarget(
  client: Pick<Client, 'get'>,
  backend: CachedModelBackend,
  observed: Observed,
  { address, problems }: Pick<Plan, 'address' | 'problems'>,
): ProbeTarget | undefined {
  const serving = servingPods(observed.pods);
  const hasPods = backend.spec.managed === undefined || serving.length > 0;
  if (address === undefined || !hasPods || problems.length > 0) return undefined;
  const endpoint = endpointOf(backend, address, credentialReader(client, backend));
  return targetOf(backend.spec, endpoint, revision(backend, observed, serving, address));
}

/** What stands behind the address: the revisions of the pods that serve, and the credential that is sent there. */
function revision(
  { spec }: CachedModelBackend,
  { references }: Observed,
  serving: readonly CachedPod[],
  { url }: Address,
): string {
  const credential = references.find(({ field }) => field === 'spec.auth.secretRef')?.version;
  return JSON.stringify([url, revisionsOf(serving), spec.auth, credential]);
}

/** Reads the Secret when a request needs it, so that no credential is kept. */
function credentialReader(
  client: Pick<Client, 'get'>,
  { metadata, spec }: CachedModelBackend,
): ReadCredential | undefined {
  const { secretRef } = spec.auth;
  if (secretRef === undefined) return undefined;
  const key: Key = { namespace: metadata.namespace, name: secretRef.name };
  return async () => {
    try {
      const { data } = await client.get(secrets, key);
      const value = data?.[secretRef.key];
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
}
