/**
 * The way of clients outside the cluster to a server. Paths are exact, so that two servers can share a host without one
 * catching what is below the other.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { ingresses } from '#operator/kit/resources.ts';
import type { Ingress } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { childMetadata } from '../names.ts';
import { ingressPaths } from '../paths.ts';

/** Undefined where the server is not exposed by an Ingress. */
export function ingress(server: CachedMcpServer): Ingress | undefined {
  const { type, host, ingress = {} } = server.spec.exposure;
  if (type !== 'Ingress' || host === undefined) return undefined;
  const { className, annotations, tlsSecretName } = ingress;
  const metadata = childMetadata(server);
  const backend = { service: { name: metadata.name, port: { name: 'http' } } };
  return {
    apiVersion: apiVersionOf(ingresses),
    kind: ingresses.kind,
    metadata: annotations === undefined ? metadata : { ...metadata, annotations },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [
        { host, http: { paths: ingressPaths(server.spec).map((path) => ({ path, pathType: 'Exact', backend })) } },
      ],
      ...(tlsSecretName === undefined ? {} : { tls: [{ hosts: [host], secretName: tlsSecretName }] }),
    },
  };
}
