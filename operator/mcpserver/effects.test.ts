/**
 * Every field of the schema has an effect: changing it alone changes a child or the status. The list of fields is read
 * off the CRD, so a field without a row here fails.
 */
import { expect, test } from 'vitest';
import { customResourceDefinition } from '#crds/crd.ts';
import { mcpServer as kind } from '#crds/mcpserver-status.ts';
import { fields } from '#crds/reference.ts';
import { usedBackends } from './backends.ts';
import { desired } from './desired.ts';
import { status } from './status.ts';
import { cachedMcpServer, cachedModelBackend, NOTHING, OPTIONS } from './testing/fixtures.ts';

type Spec = Parameters<typeof cachedMcpServer>[0];

const postgres = { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } } } as const;
const ingress = { type: 'Ingress', host: 'a.example.com' } as const;
const target = { backend: 'llama', model: 'llama' };
const routed = (route: object): Spec => ({
  backends: { names: ['llama'] },
  inference: { routes: [{ name: 'chat', targets: [target], ...route }] },
});
const toleration = (more: object): Spec => ({
  scheduling: { tolerations: [{ key: 'a', operator: 'Exists', ...more }] },
});
const deviceToleration = (more: object): Spec => ({
  accelerator: { tolerations: [{ key: 'a', operator: 'Exists', ...more }] },
});
const scaled = (more: object): Spec => ({ ...postgres, autoscaling: { maxReplicas: 5, ...more } });
const variable = (more: object): Spec => ({ podTemplate: { env: [{ name: 'A', ...more }] } });
const secretVariable = (more: object): Spec => variable({ secretKeyRef: { name: 's', key: 'k', ...more } });
const exposed = (more: object): Spec => ({ exposure: { ...ingress, ...more } });

const jwt = (more: object): Spec => ({ auth: { type: 'JWT', jwt: { issuer: 'https://id.example.com', ...more } } });
const KUBERNETES = 'KubernetesServiceAccount';
const callers = (more: object): Spec => ({
  auth: { type: KUBERNETES, kubernetesServiceAccount: { serviceAccounts: [{ namespace: 'b', name: 'c', ...more }] } },
});
const secret = { name: 's', key: 'k' };
const builtIn = (more: object): Spec => ({
  auth: { type: 'BuiltIn', builtIn: { signingKeySecretRef: secret, bootstrapAdminSecretRef: secret, ...more } },
});
const skill = (more: object): Spec => ({ skills: [{ name: 'review', ...more }] });
const redis = (more: object): Spec => ({ redis: { urlSecretRef: { ...secret, ...more } } });

/** By path: a spec and the same with this field changed. A path stands for all below it that have no row. */
const ROWS: Readonly<Record<string, readonly [Spec, Spec]>> = {
  image: [{}, { image: 'other' }],
  imagePullPolicy: [{}, { imagePullPolicy: 'Never' }],
  imagePullSecrets: [{}, { imagePullSecrets: [{ name: 'registry' }] }],
  'toolsets[].name': [{}, { toolsets: [{ name: 'other' }] }],
  'toolsets[].config': [{}, { toolsets: [{ name: 'tasks', config: { modelDeadline: '1s' } }] }],
  'backends.names': [{}, { backends: { names: ['llama'] } }],
  'backends.selector': [
    { backends: { selector: { matchLabels: { tier: 'gold' } } } },
    { backends: { selector: { matchLabels: { tier: 'none' } } } },
  ],
  'inference.routes[].name': [routed({}), routed({ name: 'other' })],
  'inference.routes[].targets[].backend': [routed({}), routed({ targets: [{ ...target, backend: 'other' }] })],
  'inference.routes[].targets[].model': [routed({}), routed({ targets: [{ ...target, model: 'other' }] })],
  'inference.routes[].targets[].priority': [routed({}), routed({ targets: [{ ...target, priority: 1 }] })],
  'inference.routes[].deadline': [routed({}), routed({ deadline: '5s' })],
  replicas: [postgres, { ...postgres, replicas: 2 }],
  'autoscaling.minReplicas': [scaled({}), scaled({ minReplicas: 2 })],
  'autoscaling.maxReplicas': [scaled({}), scaled({ maxReplicas: 6 })],
  'autoscaling.cpu': [scaled({}), scaled({ cpu: 50 })],
  'autoscaling.memory': [scaled({}), scaled({ memory: 50 })],
  'autoscaling.behavior': [scaled({}), scaled({ behavior: { scaleUp: { stabilizationWindowSeconds: 1 } } })],
  'resources.requests': [{}, { resources: { requests: { cpu: '1' } } }],
  'resources.limits': [{ resources: {} }, { resources: { limits: { cpu: '1' } } }],
  'accelerator.resourceName': [{ accelerator: {} }, { accelerator: { resourceName: 'amd.com/gpu' } }],
  'accelerator.count': [{ accelerator: {} }, { accelerator: { count: 2 } }],
  'accelerator.nodeSelector': [{ accelerator: {} }, { accelerator: { nodeSelector: { a: 'b' } } }],
  'accelerator.tolerations[].key': [deviceToleration({}), deviceToleration({ key: 'b' })],
  'accelerator.tolerations[].operator': [deviceToleration({}), deviceToleration({ operator: 'Equal' })],
  'accelerator.tolerations[].value': [deviceToleration({}), deviceToleration({ value: 'b' })],
  'accelerator.tolerations[].effect': [deviceToleration({}), deviceToleration({ effect: 'NoExecute' })],
  'accelerator.tolerations[].tolerationSeconds': [deviceToleration({}), deviceToleration({ tolerationSeconds: 1 })],
  'scheduling.nodeSelector': [{}, { scheduling: { nodeSelector: { a: 'b' } } }],
  'scheduling.tolerations[].key': [toleration({}), toleration({ key: 'b' })],
  'scheduling.tolerations[].operator': [toleration({}), toleration({ operator: 'Equal' })],
  'scheduling.tolerations[].value': [toleration({}), toleration({ value: 'b' })],
  'scheduling.tolerations[].effect': [toleration({}), toleration({ effect: 'NoExecute' })],
  'scheduling.tolerations[].tolerationSeconds': [toleration({}), toleration({ tolerationSeconds: 1 })],
  'scheduling.affinity': [{}, { scheduling: { affinity: { podAffinity: {} } } }],
  'scheduling.topologySpreadConstraints': [{}, { scheduling: { topologySpreadConstraints: [{ maxSkew: 1 }] } }],
  'scheduling.priorityClassName': [{}, { scheduling: { priorityClassName: 'high' } }],
  'scheduling.runtimeClassName': [{}, { scheduling: { runtimeClassName: 'gvisor' } }],
  'storage.type': [{}, postgres],
  'storage.embedded.size': [{}, { storage: { embedded: { size: '2Gi' } } }],
  'storage.embedded.storageClassName': [{}, { storage: { embedded: { storageClassName: 'fast' } } }],
  'storage.embedded.retain': [{}, { storage: { embedded: { retain: false } } }],
  'storage.embedded.ephemeral': [{}, { storage: { embedded: { ephemeral: true } } }],
  'storage.postgres.urlSecretRef.name': [
    postgres,
    { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'other', key: 'url' } } } },
  ],
  'storage.postgres.urlSecretRef.key': [
    postgres,
    { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'other' } } } },
  ],
  'storage.postgres.poolSize': [
    postgres,
    { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' }, poolSize: 1 } } },
  ],
  'exposure.type': [{}, { exposure: ingress }],
  'exposure.host': [exposed({}), exposed({ host: 'b.example.com' })],
  'exposure.path': [{}, { exposure: { path: '/other' } }],
  'exposure.publicUrl': [{}, { exposure: { publicUrl: 'https://c.example.com/mcp' } }],
  'exposure.ingress.className': [exposed({}), exposed({ ingress: { className: 'traefik' } })],
  'exposure.ingress.annotations': [exposed({}), exposed({ ingress: { annotations: { a: 'b' } } })],
  'exposure.ingress.tlsSecretName': [exposed({}), exposed({ ingress: { tlsSecretName: 'tls' } })],
  'exposure.allowedOrigins': [{}, { exposure: { allowedOrigins: ['https://app.example.com'] } }],
  'limits.requestBody': [{}, { limits: { requestBody: '1Mi' } }],
  'skills[].name': [skill({ configMap: { name: 'a' } }), skill({ configMap: { name: 'a' }, name: 'other' })],
  'skills[].configMap.name': [skill({ configMap: { name: 'a' } }), skill({ configMap: { name: 'b' } })],
  'skills[].persistentVolumeClaim.name': [
    skill({ persistentVolumeClaim: { name: 'a' } }),
    skill({ persistentVolumeClaim: { name: 'b' } }),
  ],
  'redis.urlSecretRef.name': [redis({}), redis({ name: 'other' })],
  'redis.urlSecretRef.key': [redis({}), redis({ key: 'other' })],
  'auth.type': [{}, { auth: { type: KUBERNETES } }],
  'auth.jwt.issuer': [jwt({}), jwt({ issuer: 'https://other.example.com' })],
  'auth.jwt.jwksUri': [jwt({}), jwt({ jwksUri: 'https://id.example.com/keys' })],
  'auth.jwt.audiences': [jwt({}), jwt({ audiences: ['other'] })],
  'auth.jwt.requiredScopes': [jwt({}), jwt({ requiredScopes: [] })],
  'auth.jwt.rolesClaim': [jwt({}), jwt({ rolesClaim: 'groups' })],
  'auth.kubernetesServiceAccount.audiences': [
    { auth: { type: KUBERNETES } },
    { auth: { type: KUBERNETES, kubernetesServiceAccount: { audiences: ['other'] } } },
  ],
  'auth.kubernetesServiceAccount.serviceAccounts[].namespace': [callers({}), callers({ namespace: '*' })],
  'auth.kubernetesServiceAccount.serviceAccounts[].name': [callers({}), callers({ name: 'other' })],
  'auth.kubernetesServiceAccount.verification': [
    { auth: { type: KUBERNETES } },
    { auth: { type: KUBERNETES, kubernetesServiceAccount: { verification: 'TokenReview' } } },
  ],
  'auth.builtIn.signingKeySecretRef.name': [
    builtIn({}),
    builtIn({ signingKeySecretRef: { ...secret, name: 'other' } }),
  ],
  'auth.builtIn.signingKeySecretRef.key': [builtIn({}), builtIn({ signingKeySecretRef: { ...secret, key: 'other' } })],
  'auth.builtIn.bootstrapAdminSecretRef.name': [
    builtIn({}),
    builtIn({ bootstrapAdminSecretRef: { ...secret, name: 'other' } }),
  ],
  'auth.builtIn.bootstrapAdminSecretRef.key': [
    builtIn({}),
    builtIn({ bootstrapAdminSecretRef: { ...secret, key: 'other' } }),
  ],
  'auth.builtIn.accessTokenLifetime': [builtIn({}), builtIn({ accessTokenLifetime: '1m' })],
  'limits.callTimeout': [{}, { limits: { callTimeout: '1s' } }],
  'limits.maxInFlight': [{}, { limits: { maxInFlight: 1 } }],
  'limits.requestsPerMinutePerCaller': [{}, { limits: { requestsPerMinutePerCaller: 60 } }],
  'limits.maxSessions': [{}, { limits: { maxSessions: 1 } }],
  'limits.trustedProxies': [{}, { limits: { trustedProxies: ['10.244.0.0/16'] } }],
  'limits.maxSubscriptions': [{}, { limits: { maxSubscriptions: 1 } }],
  'rollout.maxSurge': [postgres, { ...postgres, rollout: { maxSurge: 2 } }],
  'rollout.drain': [{}, { rollout: { drain: '1s' } }],
  'rollout.terminationGracePeriod': [{}, { rollout: { terminationGracePeriod: '200s' } }],
  'podDisruptionBudget.maxUnavailable': [
    { ...postgres, replicas: 3 },
    { ...postgres, replicas: 3, podDisruptionBudget: { maxUnavailable: 2 } },
  ],
  'podTemplate.labels': [{}, { podTemplate: { labels: { a: 'b' } } }],
  'podTemplate.annotations': [{}, { podTemplate: { annotations: { a: 'b' } } }],
  'podTemplate.env[].name': [variable({}), { podTemplate: { env: [{ name: 'B' }] } }],
  'podTemplate.env[].value': [variable({}), variable({ value: 'x' })],
  'podTemplate.env[].secretKeyRef.name': [secretVariable({}), secretVariable({ name: 'other' })],
  'podTemplate.env[].secretKeyRef.key': [secretVariable({}), secretVariable({ key: 'other' })],
  'podTemplate.envFrom[].configMapRef.name': [{}, { podTemplate: { envFrom: [{ configMapRef: { name: 'a' } }] } }],
  'podTemplate.envFrom[].secretRef.name': [{}, { podTemplate: { envFrom: [{ secretRef: { name: 'a' } }] } }],
  'telemetry.auditLog': [{}, { telemetry: { auditLog: false } }],
  'telemetry.logLevel': [{}, { telemetry: { logLevel: 'error' } }],
  suspended: [{}, { suspended: true }],
};

const schema = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
const leaves = fields(schema, '')
  .filter(({ schema }) => schema.properties === undefined && schema.items?.properties === undefined)
  .map(({ path }) => path);

test('every field of the schema has a row', () => {
  const rows = Object.keys(ROWS);
  expect(leaves.length).toBeGreaterThan(50);
  expect(
    leaves.filter(
      (leaf) => !rows.some((row) => leaf === row || leaf.startsWith(`${row}.`) || leaf.startsWith(`${row}[`)),
    ),
  ).toEqual([]);
});

function outcome(spec: Spec): string {
  const server = cachedMcpServer(spec);
  const backends = [cachedModelBackend('llama', { labels: { tier: 'gold' } })];
  const observed = { ...NOTHING, backends: usedBackends(server.spec, backends) };
  const plan = desired(server, observed, OPTIONS);
  const said = status({ server, observed, problems: plan.problems, previous: undefined }, '2026-01-01T00:00:00Z');
  return JSON.stringify({ plan, said });
}

test.each(Object.entries(ROWS))('%s', (_path, [before, after]) => {
  expect(outcome(after)).not.toBe(outcome(before));
});
