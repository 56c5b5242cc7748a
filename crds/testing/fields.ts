/**
 * Objects that the schema itself refuses, without any rule: the field that an error
 * must name, and the object. zod and the API server must agree on each.
 */
import { backend, external, managed, type Row, server } from './objects.ts';

export interface FieldRow {
  readonly field: string;
  readonly why: string;
  readonly object: Row;
}

export const fieldRows: readonly FieldRow[] = [
  { field: 'spec.toolsets', why: 'is missing', object: server({ toolsets: undefined }) },
  { field: 'spec.toolsets', why: 'is empty', object: server({ toolsets: [] }) },
  { field: 'spec.toolsets', why: 'has one twice', object: server({ toolsets: [{ name: 'a' }, { name: 'a' }] }) },
  {
    field: 'spec.toolsets',
    why: 'has more than 16',
    object: server({ toolsets: Array.from({ length: 17 }, (_, i) => ({ name: `t${i}` })) }),
  },
  { field: 'spec.toolsets[0].name', why: 'has capitals', object: server({ toolsets: [{ name: 'Tasks' }] }) },
  { field: 'spec.replicas', why: 'is negative', object: server({ replicas: -1 }) },
  { field: 'spec.replicas', why: 'is a fraction', object: server({ replicas: 1.5 }) },
  { field: 'spec.replicas', why: 'is a string', object: server({ replicas: '1' }) },
  { field: 'spec.imagePullPolicy', why: 'is not one of the words', object: server({ imagePullPolicy: 'Sometimes' }) },
  { field: 'spec.backends.names', why: 'has one twice', object: server({ backends: { names: ['a', 'a'] } }) },
  { field: 'spec.rollout.maxSurge', why: 'is no percentage', object: server({ rollout: { maxSurge: '25' } }) },
  { field: 'spec.rollout.maxSurge', why: 'is beyond its bound', object: server({ rollout: { maxSurge: 1001 } }) },
  { field: 'spec.rollout.drain', why: 'has no unit', object: server({ rollout: { drain: '10' } }) },
  { field: 'spec.accelerator.count', why: 'is 0', object: server({ accelerator: { count: 0 } }) },
  {
    field: 'spec.accelerator.resourceName',
    why: 'has no domain',
    object: server({ accelerator: { resourceName: 'gpu' } }),
  },
  { field: 'spec.exposure.path', why: 'has no slash', object: server({ exposure: { path: 'mcp' } }) },
  {
    field: 'spec.exposure.allowedOrigins[0]',
    why: 'has a path',
    object: server({ exposure: { allowedOrigins: ['https://a.test/x'] } }),
  },
  {
    field: 'spec.inference.routes[0].targets',
    why: 'names a model twice',
    object: server({
      inference: {
        routes: [
          {
            name: 'chat',
            targets: [
              { backend: 'b', model: 'm' },
              { backend: 'b', model: 'm', priority: 1 },
            ],
          },
        ],
      },
    }),
  },
  {
    field: 'spec.inference.routes[0].targets[0].priority',
    why: 'is beyond 9',
    object: server({
      inference: { routes: [{ name: 'chat', targets: [{ backend: 'b', model: 'm', priority: 10 }] }] },
    }),
  },
  {
    field: 'spec.scheduling.nodeSelector',
    why: 'has more than 32 entries',
    object: server({
      scheduling: { nodeSelector: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ''])) },
    }),
  },
  { field: 'spec.limits.maxInFlight', why: 'is 0', object: server({ limits: { maxInFlight: 0 } }) },
  {
    field: 'spec.limits.requestsPerMinutePerCaller',
    why: 'is negative',
    object: server({ limits: { requestsPerMinutePerCaller: -1 } }),
  },
  { field: 'spec.limits.maxSessions', why: 'is 0', object: server({ limits: { maxSessions: 0 } }) },
  {
    field: 'spec.limits.maxSubscriptions',
    why: 'is beyond its bound',
    object: server({ limits: { maxSubscriptions: 100_001 } }),
  },
  {
    field: 'spec.limits.trustedProxies',
    why: 'has one twice',
    object: server({ limits: { trustedProxies: ['10.0.0.1', '10.0.0.1'] } }),
  },
  {
    field: 'spec.auth.kubernetesServiceAccount.verification',
    why: 'is not one of the words',
    object: server({
      auth: { type: 'KubernetesServiceAccount', kubernetesServiceAccount: { verification: 'Both' } },
    }),
  },
  { field: 'spec.redis.urlSecretRef', why: 'is missing', object: server({ redis: {} }) },
  { field: 'spec.auth.type', why: 'is not one of the words', object: server({ auth: { type: 'Basic' } }) },
  {
    field: 'spec.auth.jwt.issuer',
    why: 'is no URL',
    object: server({ auth: { type: 'JWT', jwt: { issuer: 'id.example.com' } } }),
  },
  {
    field: 'spec.auth.jwt.requiredScopes[0]',
    why: 'has a space',
    object: server({ auth: { type: 'JWT', jwt: { issuer: 'https://id.test', requiredScopes: ['a b'] } } }),
  },
  {
    field: 'spec.auth.kubernetesServiceAccount.serviceAccounts',
    why: 'is empty',
    object: server({
      auth: { type: 'KubernetesServiceAccount', kubernetesServiceAccount: { serviceAccounts: [] } },
    }),
  },
  {
    field: 'spec.skills[0].name',
    why: 'has capitals',
    object: server({ skills: [{ name: 'Review', configMap: { name: 'a' } }] }),
  },
  { field: 'spec.type', why: 'is not one of the words', object: backend({ type: 'Reference' }) },
  { field: 'spec.models', why: 'is empty', object: backend({ models: [] }) },
  { field: 'spec.models[0].tasks', why: 'is empty', object: backend({ models: [{ name: 'm', tasks: [] }] }) },
  { field: 'spec.external.url', why: 'has user info', object: external({ url: 'https://user@api.test' }) },
  { field: 'spec.external.url', why: 'has capitals in the host', object: external({ url: 'https://API.test' }) },
  { field: 'spec.external.url', why: 'is no URL of ours', object: external({ url: 'file:///etc/passwd' }) },
  { field: 'spec.managed.image', why: 'is missing', object: managed({ image: undefined }) },
  { field: 'spec.managed.port', why: 'is privileged', object: managed({ port: 80 }) },
  { field: 'spec.managed.sharedMemory', why: 'is no quantity', object: managed({ sharedMemory: '1 GiB' }) },
  {
    field: 'spec.managed.source.builtin.path',
    why: 'is relative',
    object: managed({ source: { builtin: { path: 'm.gguf' } } }),
  },
];
