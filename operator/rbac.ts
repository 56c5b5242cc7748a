/**
 * The rights of the operator, as data: the chart's roles and install.yaml are generated
 * from here, and a test compares them with the audit log of a whole run, both ways.
 * A right enters with the code that uses it.
 */
import { GROUP } from '#crds/group.ts';
import type { PolicyRule } from '#operator/kit/wire.ts';

/** Cached, and read singly where the cache cannot know yet; `get` opens nothing that `list` does not. */
const READ = ['get', 'list', 'watch'] as const;
/** Server-side apply is `patch`, and `create` where the object is missing. */
const APPLY = ['create', 'patch'] as const;

/** What the operator does in the namespaces that it watches. */
export const clusterRules: readonly PolicyRule[] = [
  { apiGroups: [GROUP], resources: ['mcpservers', 'modelbackends'], verbs: READ },
  { apiGroups: [GROUP], resources: ['mcpservers/status', 'modelbackends/status'], verbs: ['patch'] },
  {
    apiGroups: [''],
    resources: ['configmaps', 'persistentvolumeclaims', 'secrets', 'serviceaccounts', 'services'],
    verbs: [...READ, ...APPLY],
  },
  { apiGroups: [''], resources: ['pods'], verbs: READ },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: [...READ, ...APPLY] },
  // Made on demand, and left to their time to live.
  { apiGroups: ['batch'], resources: ['jobs'], verbs: [...READ, ...APPLY] },
  // The rest comes and goes with the spec.
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: [...READ, ...APPLY, 'delete'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: [...READ, ...APPLY, 'delete'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: [...READ, ...APPLY, 'delete'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['rolebindings', 'roles'],
    verbs: [...READ, ...APPLY, 'delete'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];

/** What it does in its own namespace. */
export const leaderElectionRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update', 'watch'] },
];
