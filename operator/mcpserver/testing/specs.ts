/**
 * Specs of the goldens: what a newcomer writes, everything that can be set together, and a server on a GPU that keeps
 * its data in the pod.
 */
import type { McpServerInput } from '#crds/mcpserver-status.ts';

type Spec = Partial<McpServerInput['spec']>;

export const MINIMAL: Spec = {};

export const LARGE: Spec = {
  image: 'registry.example.com/server@sha256:0123',
  imagePullPolicy: 'Always',
  imagePullSecrets: [{ name: 'registry' }],
  toolsets: [{ name: 'tasks', config: { route: 'chat', modelDeadline: '10s' } }],
  backends: { names: ['llama', 'hosted'] },
  inference: {
    routes: [
      {
        name: 'chat',
        targets: [
          { backend: 'llama', model: 'llama' },
          { backend: 'hosted', model: 'gpt', priority: 1 },
        ],
      },
    ],
  },
  autoscaling: {
    minReplicas: 3,
    maxReplicas: 10,
    cpu: 60,
    memory: 80,
    behavior: { scaleDown: { stabilizationWindowSeconds: 120 } },
  },
  resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { memory: '2Gi' } },
  accelerator: {
    count: 2,
    nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  },
  scheduling: {
    nodeSelector: { zone: 'a' },
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'mcp', effect: 'NoExecute', tolerationSeconds: 60 }],
    affinity: { podAntiAffinity: {} },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
    ],
    priorityClassName: 'high',
    runtimeClassName: 'gvisor',
  },
  storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' }, poolSize: 5 } },
  redis: { urlSecretRef: { name: 'redis', key: 'url' } },
  skills: [
    { name: 'review', configMap: { name: 'review' } },
    { name: 'papers', persistentVolumeClaim: { name: 'papers' } },
  ],
  auth: {
    type: 'BuiltIn',
    builtIn: {
      signingKeySecretRef: { name: 'tokens', key: 'signing' },
      bootstrapAdminSecretRef: { name: 'tokens', key: 'admin' },
      accessTokenLifetime: '10m',
    },
  },
  exposure: {
    type: 'Ingress',
    host: 'assistant.example.com',
    path: '/tools/mcp',
    publicUrl: 'https://public.example.com/mcp',
    ingress: { className: 'traefik', annotations: { 'example.com/a': 'b' }, tlsSecretName: 'tls' },
    allowedOrigins: ['https://app.example.com'],
  },
  limits: {
    requestBody: '1Mi',
    callTimeout: '60s',
    maxInFlight: 64,
    requestsPerMinutePerCaller: 600,
    maxSessions: 10,
    maxSubscriptions: 20,
  },
  rollout: { maxSurge: 1, drain: '20s', terminationGracePeriod: '100s' },
  podDisruptionBudget: { maxUnavailable: 2 },
  podTemplate: {
    labels: { team: 'a' },
    annotations: { 'example.com/scrape': 'true' },
    env: [
      { name: 'PLAIN', value: 'x' },
      { name: 'SECRET', secretKeyRef: { name: 'env', key: 'k' } },
    ],
    envFrom: [{ configMapRef: { name: 'more' } }, { secretRef: { name: 'much-more' } }],
  },
  telemetry: { logLevel: 'debug', auditLog: false },
};

export const EPHEMERAL_GPU: Spec = {
  accelerator: {},
  storage: { type: 'Embedded', embedded: { ephemeral: true, size: '2Gi' } },
  rollout: { maxSurge: 0 },
};
