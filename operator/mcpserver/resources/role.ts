/**
 * What a server's pods may do with the API: read the ModelBackends of their own namespace, and nothing else.
 */
import { GROUP } from '#crds/group.ts';
import { apiVersionOf } from '#operator/kit/object.ts';
import { roleBindings, roles, serviceAccounts } from '#operator/kit/resources.ts';
import type { Role, RoleBinding } from '#operator/kit/wire.ts';
import { type CachedMcpServer, modelBackends } from '#operator/workload/customresources.ts';
import { childMetadata } from '../names.ts';

export const role = (server: CachedMcpServer): Role => ({
  apiVersion: apiVersionOf(roles),
  kind: roles.kind,
  metadata: childMetadata(server),
  rules: [{ apiGroups: [GROUP], resources: [modelBackends.plural], verbs: ['get', 'list', 'watch'] }],
});

export const roleBinding = (server: CachedMcpServer): RoleBinding => ({
  apiVersion: apiVersionOf(roleBindings),
  kind: roleBindings.kind,
  metadata: childMetadata(server),
  roleRef: { apiGroup: roles.group, kind: roles.kind, name: server.metadata.name },
  subjects: [{ kind: serviceAccounts.kind, name: server.metadata.name, namespace: server.metadata.namespace }],
});
