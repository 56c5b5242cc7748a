import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { DeploymentState } from '#operator/workload/deployment.ts';
import { usedBackends } from '../backends.ts';
import { desired } from '../desired.ts';
import { cachedMcpServer, cachedModelBackend, NOTHING, OPTIONS } from '../testing/fixtures.ts';
import { EPHEMERAL_GPU, LARGE, MINIMAL } from '../testing/specs.ts';
import { deployment } from './deployment.ts';
import { ingress } from './ingress.ts';

type Spec = Parameters<typeof cachedMcpServer>[0];

function render(spec: Spec): string {
  const server = cachedMcpServer(spec);
  const backends = [
    cachedModelBackend('llama', { secretRef: { name: 'llama-token', key: 'token' } }),
    cachedModelBackend('hosted', { secretRef: { name: 'hosted-token', key: 'key' } }),
  ];
  const plan = desired(server, { ...NOTHING, backends: usedBackends(server.spec, backends) }, OPTIONS);
  expect(plan.problems).toEqual([]);
  const objects = plan.foundations.map(({ intent }) => intent);
  if (plan.volume !== undefined) objects.push(plan.volume);
  objects.push(...plan.workload.map(({ intent }) => intent));
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n');
}

test('the children of a minimal server', async () => {
  await expect(render(MINIMAL)).toMatchFileSnapshot('./golden/minimal.yaml');
});

test('the children of a server that sets everything', async () => {
  await expect(render(LARGE)).toMatchFileSnapshot('./golden/large.yaml');
});

test('the children of a server on a GPU with its data in the pod', async () => {
  await expect(render(EPHEMERAL_GPU)).toMatchFileSnapshot('./golden/ephemeral-gpu.yaml');
});

const deploymentOf = (spec: Spec) =>
  deployment(cachedMcpServer(spec), { image: 'image', configHash: 'hash', credentials: [] }).spec;

const POSTGRES = { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } } } as const;

test.each<[string, Spec, number | undefined]>([
  ['without a number there is one pod', {}, 1],
  ['a number is taken', { ...POSTGRES, replicas: 4 }, 4],
  ['zero is a number', { replicas: 0 }, 0],
  ['an autoscaler owns it', { ...POSTGRES, autoscaling: { maxReplicas: 3 } }, undefined],
  ['nothing runs while suspended', { suspended: true }, 0],
  ['not even where an autoscaler is wanted', { ...POSTGRES, autoscaling: { maxReplicas: 3 }, suspended: true }, 0],
])('replicas: %s', (_title, spec, replicas) => {
  expect(deploymentOf(spec).replicas).toBe(replicas);
});

test.each<[string, Spec, object]>([
  ['SQLite on a volume waits for the end of the old pod', {}, { type: 'Recreate' }],
  [
    'others start the new pod first',
    POSTGRES,
    { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
  ],
  [
    'without room for an extra pod the old one goes first',
    { ...POSTGRES, rollout: { maxSurge: '0%' } },
    { type: 'RollingUpdate', rollingUpdate: { maxSurge: '0%', maxUnavailable: 1 } },
  ],
])('strategy: %s', (_title, spec, strategy) => {
  expect(deploymentOf(spec).strategy).toEqual(strategy);
});

test('a pod cannot be freed from its restrictions, and additions do not replace what is set', () => {
  const { template } = deploymentOf({
    podTemplate: {
      labels: { 'app.kubernetes.io/instance': 'other' },
      env: [{ name: 'POD_NAME', value: 'other' }],
    },
  });
  expect(template.metadata.labels['app.kubernetes.io/instance']).toBe('assistant');
  const [container] = template.spec.containers;
  expect(container?.env?.filter(({ name }) => name === 'POD_NAME')).toEqual([
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
  ]);
});

test.each<[string, Spec, boolean]>([
  ['a server that asks the API nothing has no token', {}, false],
  ['one that reads backends has', { backends: {} }, true],
  ['one that fetches the keys of the cluster has', { auth: { type: 'KubernetesServiceAccount' } }, true],
])('token: %s', (_title, spec, expected) => {
  expect(deploymentOf(spec).template.spec.automountServiceAccountToken).toBe(expected);
});

test('tokens of this cluster need no right beyond what every ServiceAccount has', () => {
  const { foundations, workload } = desired(
    cachedMcpServer({ auth: { type: 'KubernetesServiceAccount' } }),
    NOTHING,
    OPTIONS,
  );
  const kinds = [...foundations, ...workload].map(({ resource }) => resource.kind);
  expect(kinds.filter((kind) => kind.startsWith('Role') || kind.startsWith('ClusterRole'))).toEqual([]);
});

test.each<[string, Spec, readonly string[]]>([
  ['the endpoint alone without tokens', {}, ['/mcp']],
  [
    'what says where tokens come from',
    { auth: { type: 'JWT', jwt: { issuer: 'https://id.example.com' } } },
    ['/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ],
  ['nothing more for tokens of the cluster', { auth: { type: 'KubernetesServiceAccount' } }, ['/mcp']],
])('paths: %s', (_title, spec, paths) => {
  const server = cachedMcpServer({ ...spec, exposure: { type: 'Ingress', host: 'a.example.com' } });
  expect(ingress(server)?.spec.rules[0]?.http.paths.map(({ path }) => path)).toEqual(paths);
});

test.each<[string, Spec, boolean]>([
  ['a single pod needs no budget', {}, false],
  ['two do', { ...POSTGRES, replicas: 2 }, true],
  ['so does what may grow', { ...POSTGRES, autoscaling: { maxReplicas: 2 } }, true],
  ['what may not grow does not', { ...POSTGRES, autoscaling: { maxReplicas: 1 } }, false],
])('disruption budget: %s', (_title, spec, expected) => {
  const { workload } = desired(cachedMcpServer(spec), NOTHING, OPTIONS);
  expect(workload.some(({ resource }) => resource.kind === 'PodDisruptionBudget')).toBe(expected);
});

test('backends that come, go or fail roll no pods, unless a credential has to be mounted', () => {
  const server = cachedMcpServer({ backends: { selector: { matchLabels: {} } } });
  const template = (...backends: ReturnType<typeof cachedModelBackend>[]) => {
    const { workload } = desired(server, { ...NOTHING, backends: usedBackends(server.spec, backends) }, OPTIONS);
    return JSON.stringify(workload.find(({ resource }) => resource.kind === 'Deployment')?.intent);
  };
  const none = template();
  expect(template(cachedModelBackend('a'))).toBe(none);
  expect(template(cachedModelBackend('a', { ready: false, loaded: [] }))).toBe(none);
  expect(template(cachedModelBackend('a', { secretRef: { name: 's', key: 'k' } }))).not.toBe(none);
});

test('a referenced Secret that changes rolls the pods', () => {
  const server = cachedMcpServer(POSTGRES);
  const hashOf = (version: string) => {
    const references = [{ kind: 'Secret', name: 'db', key: 'url', field: '', state: 'Found', version }] as const;
    const { workload } = desired(server, { ...NOTHING, references }, OPTIONS);
    return JSON.stringify(workload[0]?.intent);
  };
  expect(hashOf('u/1')).toBe(hashOf('u/1'));
  expect(hashOf('u/2')).not.toBe(hashOf('u/1'));
});

const scaled: DeploymentState = {
  replicas: 3,
  ownsReplicas: false,
  pristine: false,
  observed: true,
  total: 3,
  updated: 3,
  progress: 'NewReplicaSetAvailable',
};
test('the number of pods that an autoscaler chose is no difference to what is wanted', () => {
  const server = cachedMcpServer({ ...POSTGRES, autoscaling: { maxReplicas: 9 } });
  const intents = (replicas: number) => {
    const { metadata } = server;
    const found = { ...scaled, replicas, metadata: { ...metadata, ownerReferences: [] }, ownedHash: '' };
    return JSON.stringify(desired(server, { ...NOTHING, deployment: found }, OPTIONS));
  };
  expect(intents(7)).toBe(intents(3));
});
