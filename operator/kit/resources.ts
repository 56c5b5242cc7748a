/**
 * The built-in resources the operator touches, as the client names them (Kubernetes v1.36). Data only; custom
 * resources are declared beside their own schema.
 */
import type { Resource } from './object.ts';
import type * as wire from './wire.ts';

const core = { group: '', version: 'v1', namespaced: true } as const;
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;

export const pods: Resource<wire.Pod> = { ...core, kind: 'Pod', plural: 'pods' };
export const services: Resource<wire.Service> = { ...core, kind: 'Service', plural: 'services' };
export const configMaps: Resource<wire.ConfigMap> = { ...core, kind: 'ConfigMap', plural: 'configmaps' };
export const secrets: Resource<wire.Secret> = { ...core, kind: 'Secret', plural: 'secrets' };
export const serviceAccounts: Resource<wire.ServiceAccount> = {
  ...core,
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
};
export const persistentVolumeClaims: Resource<wire.PersistentVolumeClaim> = {
  ...core,
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
};
export const namespaces: Resource = {
  ...core,
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
export const deployments: Resource<wire.Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};
export const roles: Resource<wire.Role> = { ...rbac, kind: 'Role', plural: 'roles' };
export const roleBindings: Resource<wire.RoleBinding> = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' };
export const horizontalPodAutoscalers: Resource<wire.HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
};
export const podDisruptionBudgets: Resource<wire.PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
};
export const ingresses: Resource<wire.Ingress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
};
export const leases: Resource<wire.Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
export const events: Resource<wire.Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};
