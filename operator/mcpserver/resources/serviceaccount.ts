/**
 * The identity of a server's pods. It has a token only where ModelBackends are read from the API server.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { serviceAccounts } from '#operator/kit/resources.ts';
import type { ServiceAccount } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { childMetadata } from '../names.ts';

export const serviceAccount = (server: CachedMcpServer): ServiceAccount => ({
  apiVersion: apiVersionOf(serviceAccounts),
  kind: serviceAccounts.kind,
  metadata: childMetadata(server),
  // The Deployment asks for the token where it is needed; nobody else who takes this account gets one.
  automountServiceAccountToken: false,
});
