/**
 * One realistic intent of every kind an operator makes for a workload, with an edit somebody else might make and an
 * addition that must be left alone. Used against the real API server to prove that intents and live objects compare.
 */
import type { KubeObject, OwnerReference, Resource } from '../object.ts';
import * as kinds from '../resources.ts';

export interface Child {
  readonly resource: Resource;
  readonly build: (given: { namespace: string; name: string; owner: OwnerReference }) => KubeObject;
  readonly title: string;
  /** A merge patch that changes something we own. */
  readonly edit: object;
  /** A merge patch that adds something we do not own. */
  readonly foreign: object;
}

const labels = { 'app.kubernetes.io/name': 'mcp-server', 'app.kubernetes.io/instance': 'x' };
const note = { metadata: { annotations: { 'example.com/note': 'by somebody else' } } };
const probe = {
  httpGet: { path: '/readyz', port: 'health' },
  periodSeconds: 5,
  timeoutSeconds: 2,
  failureThreshold: 2,
};

function child<T extends KubeObject>(
  resource: Resource<T>,
  body: object,
  edit: object,
  foreign: object = note,
  title = `a ${resource.kind}`,
): Child {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return {
    resource,
    title,
    edit,
    foreign,
    build: ({ namespace, name, owner }) => ({
      apiVersion,
      kind: resource.kind,
      metadata: { namespace, name, labels, ownerReferences: [owner] },
      ...body,
    }),
  };
}

const podSpec = {
  serviceAccountName: 'x',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 30,
  securityContext: { runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } },
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  imagePullSecrets: [{ name: 'registry' }],
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: labels },
    },
  ],
  containers: [
    {
      name: 'server',
      image: 'example.com/server:1',
      args: ['--verbose'],
      // The protocol is left to its default: it is part of the item's key but not ours.
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'health', containerPort: 9090, protocol: 'TCP' },
      ],
      env: [
        { name: 'MODE', value: 'plain' },
        { name: 'EMPTY', value: '' },
        { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
      ],
      envFrom: [{ configMapRef: { name: 'more' } }],
      resources: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '512Mi', 'nvidia.com/gpu': '1' } },
      readinessProbe: probe,
      startupProbe: { ...probe, failureThreshold: 30 },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [
        { name: 'config', mountPath: '/etc/config', readOnly: true },
        { name: 'tmp', mountPath: '/tmp' },
      ],
    },
  ],
  volumes: [
    { name: 'config', configMap: { name: 'x-config', defaultMode: 420, items: [{ key: 'a', path: 'a.yaml' }] } },
    { name: 'keys', secret: { secretName: 'x-keys', defaultMode: 288 } },
    { name: 'tmp', emptyDir: {} },
    { name: 'data', persistentVolumeClaim: { claimName: 'x-data' } },
    {
      name: 'token',
      projected: {
        defaultMode: 420,
        sources: [
          { serviceAccountToken: { expirationSeconds: 3600, path: 'token' } },
          { secret: { name: 's', items: [{ key: 'k', path: 'k' }], optional: true } },
        ],
      },
    },
  ],
};

const deployment = {
  spec: {
    replicas: 0,
    revisionHistoryLimit: 3,
    progressDeadlineSeconds: 600,
    selector: { matchLabels: labels },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
    template: { metadata: { labels, annotations: { 'mcpfleet.dev/config-hash': 'abc' } }, spec: podSpec },
  },
};

export const children: readonly Child[] = [
  child(kinds.serviceAccounts, { automountServiceAccountToken: false }, { automountServiceAccountToken: true }),
  child(
    kinds.roles,
    { rules: [{ apiGroups: ['mcpfleet.dev'], resources: ['modelbackends'], verbs: ['get', 'list', 'watch'] }] },
    { rules: [] },
  ),
  child(
    kinds.roleBindings,
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
      subjects: [{ kind: 'ServiceAccount', name: 'x', namespace: 'default' }],
    },
    { subjects: [] },
  ),
  child(
    kinds.configMaps,
    { data: { 'server.yaml': 'a: 1\n' } },
    { data: { 'server.yaml': 'a: 2\n' } },
    { data: { extra: '' } },
  ),
  child(kinds.secrets, { type: 'Opaque', data: { key: 'c2VjcmV0' } }, { data: { key: null } }),
  child(
    kinds.deployments,
    deployment,
    { spec: { template: { spec: { nodeSelector: null } } } },
    {
      metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } },
      spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
    },
  ),
  child(
    kinds.deployments,
    { spec: { ...deployment.spec, replicas: undefined } },
    { spec: { strategy: { rollingUpdate: { maxUnavailable: 1 } } } },
    { spec: { replicas: 3 } },
    'a Deployment whose replicas an autoscaler sets',
  ),
  child(
    kinds.deployments,
    deployment,
    {
      spec: {
        template: {
          spec: {
            containers: [
              {
                ...podSpec.containers[0],
                env: [{ name: 'MODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
              },
            ],
          },
        },
      },
    },
    note,
    'a Deployment in which somebody puts what excludes ours',
  ),
  child(
    kinds.services,
    {
      spec: {
        type: 'ClusterIP',
        selector: labels,
        ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
      },
    },
    { spec: { ports: [{ name: 'http', port: 81, targetPort: 'http', protocol: 'TCP' }] } },
  ),
  child(
    kinds.horizontalPodAutoscalers,
    {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        ],
      },
    },
    { spec: { maxReplicas: 11 } },
  ),
  child(
    kinds.podDisruptionBudgets,
    { spec: { maxUnavailable: 1, selector: { matchLabels: labels } } },
    { spec: { maxUnavailable: 2 } },
  ),
  child(
    kinds.ingresses,
    {
      spec: {
        ingressClassName: 'traefik',
        rules: [
          {
            host: 'x.example.com',
            http: {
              paths: [
                { path: '/mcp', pathType: 'Prefix', backend: { service: { name: 'x', port: { name: 'http' } } } },
              ],
            },
          },
        ],
        tls: [{ hosts: ['x.example.com'], secretName: 'tls' }],
      },
    },
    { spec: { tls: null } },
  ),
  child(
    kinds.persistentVolumeClaims,
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'standard',
        volumeMode: 'Filesystem',
      },
    },
    { metadata: { labels: { 'app.kubernetes.io/name': 'other' } } },
  ),
];
