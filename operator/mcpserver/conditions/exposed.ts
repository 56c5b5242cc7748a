/**
 * Exposed: the URL leads to this server. For an Ingress that is so once a controller has published its address in it.
 */
import { formatKey } from '#operator/kit/object.ts';
import { fails, holds } from '#operator/workload/verdict.ts';
import type { Judgement, Situation } from './situation.ts';

export function exposed({ server, observed }: Pick<Situation, 'server' | 'observed'>): Judgement<'Exposed'> {
  const { auth, exposure } = server.spec;
  const { type, host = '', path, ingress } = exposure;
  if (type === 'ClusterIP') return holds('NotNeeded', 'The server is reached within the cluster only.');
  if (observed.endpointHolder !== undefined) {
    const holder = formatKey(observed.endpointHolder);
    const cure =
      auth.type === 'BuiltIn'
        ? 'change spec.exposure.host, since a host has one built-in issuer'
        : 'change spec.exposure.host or spec.exposure.path';
    return fails('HostConflict', `${host}${path} collides with McpServer ${holder}, which is older; ${cure}.`);
  }
  if (observed.ingressAdmitted) return holds('Admitted', `The Ingress for ${host}${path} has an address.`);
  const name = ingress?.className;
  const controller = name === undefined ? "the cluster's default IngressClass" : `IngressClass ${name}`;
  return fails(
    'WaitingForController',
    `No controller has given the Ingress an address yet; is there one for ${controller}?`,
  );
}
