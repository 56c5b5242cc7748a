import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { nodeBase, nonRoot } from '../../images/base.ts';
import { writeImage } from '../../images/oci.ts';
import { connect, lacking } from './connect.ts';
import { type Kubectl, kubectl } from './kubectl.ts';
import type { Cluster } from './provider.ts';

const info = inject('cluster');
const namespace = 'cluster-test';
const image = 'mcpfleet.local/e2e-node:dev';

let cluster: Cluster;
let kube: Kubectl;
let folder = '';

beforeAll(async () => {
  cluster = await connect(info);
  kube = kubectl(cluster, namespace);
  folder = await mkdtemp(join(tmpdir(), 'cluster-test-'));
  const tar = join(folder, 'node.tar');
  const config = { entrypoint: ['/usr/local/bin/node', '-e'], user: String(nonRoot) };
  await writeImage({ name: image, layers: [await nodeBase()], config }, tar);
  await cluster.loadImage(tar);
  await kube.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  await kube.apply(web());
  await kube.run(['rollout', 'status', 'deployment/web', '--timeout=60s']);
});

afterAll(async () => {
  await kube.delete('namespace', namespace);
  await rm(folder, { recursive: true });
});

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** A Deployment of a small HTTP server, its Service and an Ingress under the path /cluster-test. */
function web(): readonly object[] {
  const metadata = { name: 'web' };
  const labels = { app: 'web' };
  const program = `require('node:http').createServer((q, s) => s.end(process.env.HOSTNAME)).listen(8080)`;
  const container = { name: 'web', image, args: [program], securityContext: restricted };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ ...container, readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 } }],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        ingressClassName: 'traefik',
        rules: [
          {
            http: {
              paths: [
                {
                  path: '/cluster-test',
                  pathType: 'Prefix',
                  backend: { service: { name: 'web', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions: readonly { readonly message?: string }[];
  };
}

async function webPods(): Promise<readonly Pod[]> {
  return kube.list<Pod>('pods', 'app=web');
}

async function execNode(program: string): Promise<string> {
  const [pod] = await webPods();
  return (await kube.exec(pod?.metadata.name ?? '', ['/usr/local/bin/node', '-e', program])).trim();
}

test('pods under the restricted pod security standard run and answer through the ingress', async () => {
  const names = (await webPods()).map(({ metadata }) => metadata.name);
  expect(names).toHaveLength(2);
  const url = `${cluster.ingress?.url}/cluster-test`;
  await expect.poll(async () => (await fetch(url)).status, { timeout: 10_000 }).toBe(200);
  expect(names).toContain(await (await fetch(url)).text());
  const ingress = await kube.get<{ status: { loadBalancer: { ingress?: readonly { ip: string }[] } } }>(
    'ingress',
    'web',
  );
  expect(ingress.status.loadBalancer.ingress).toHaveLength(1);
});

test('a pod finds a Service by its name and reaches it by its cluster IP', async () => {
  const { spec } = await kube.get<{ spec: { clusterIP: string } }>('service', 'web');
  const found = await execNode(
    `require('node:dns').promises.lookup('web').then(({ address }) => fetch('http://web').then((r) => r.text()).then((name) => console.log(address, name)))`,
  );
  const [address, name] = found.split(' ');
  expect(address).toBe(spec.clusterIP);
  expect(name).toMatch(/^web-/);
});

test("a pod runs as its image's user in a network of its own, and what it prints is in its logs", async () => {
  const script = `const { eth0 } = require('node:os').networkInterfaces(); console.log(process.getuid(), eth0[0].address)`;
  await kube.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'talker' },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'talker', image, args: [script], securityContext: restricted }],
    },
  });
  await kube.wait('pod/talker', 'jsonpath={.status.phase}=Succeeded', 20);
  const { status } = await kube.get<Pod>('pod', 'talker');
  expect(await kube.logs('talker')).toBe(`${nonRoot} ${status.podIP}\n`);
});

test('a volume of the default StorageClass belongs to the group of its pod, keeps data, and goes with its claim', async (context) => {
  const why = lacking(info, 'storage');
  context.skip(why !== undefined, why);
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  await kube.apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: claim });
  const pod = (name: string, program: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      securityContext: { fsGroup: nonRoot },
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      containers: [
        {
          name,
          image,
          args: [program],
          securityContext: restricted,
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
    },
  });
  await kube.apply(pod('writer', `require('node:fs').writeFileSync('/data/x', 'kept')`));
  await kube.wait('pod/writer', 'jsonpath={.status.phase}=Succeeded', 20);
  await kube.apply(pod('reader', `console.log(require('node:fs').readFileSync('/data/x', 'utf8'))`));
  await kube.wait('pod/reader', 'jsonpath={.status.phase}=Succeeded', 20);
  expect((await kube.logs('reader')).trim()).toBe('kept');
  await kube.delete('pod', 'writer', 'reader');
  await kube.delete('pvc', 'data');
  const claims = async () =>
    (await kube.list<{ spec: { claimRef?: { namespace: string } } }>('pv')).filter(
      ({ spec }) => spec.claimRef?.namespace === namespace,
    );
  await expect.poll(claims, { timeout: 10_000 }).toEqual([]);
});

test('a Service is reached from outside through a forward, and no longer when it is closed', async () => {
  const forward = await cluster.forward({ namespace, service: 'web', port: 80 });
  expect(await (await fetch(forward.url)).text()).toMatch(/^web-/);
  await forward.close();
  await expect(fetch(forward.url)).rejects.toThrow('fetch failed');
});

test('GPU pods land on GPU nodes, and one more than there are GPUs waits with the reason', async (context) => {
  const why = lacking(info, 'kwok', 'gpuNodes');
  context.skip(why !== undefined, why);
  const labels = { app: 'gpu' };
  const limits = { 'nvidia.com/gpu': 1 };
  const container = { name: 'gpu', image, securityContext: restricted, resources: { limits } };
  await kube.apply({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'gpu' },
    spec: {
      replicas: 9,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
          tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
          containers: [container],
        },
      },
    },
  });
  const phases = async () => (await kube.list<Pod>('pods', 'app=gpu')).map(({ status }) => status.phase).sort();
  await expect.poll(phases, { timeout: 20_000 }).toEqual(['Pending', ...Array.from({ length: 8 }, () => 'Running')]);
  const pods = await kube.list<Pod>('pods', 'app=gpu');
  const nodes = new Set(pods.flatMap(({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName])));
  expect([...nodes].sort()).toEqual(['gpu-1', 'gpu-2']);
  const waiting = pods.find(({ status }) => status.phase === 'Pending');
  expect(waiting?.status.conditions[0]?.message).toContain('Insufficient nvidia.com/gpu');
  await kube.delete('deployment', 'gpu');
});

test("a process started in the cluster's network is reached by pods, and ends when it is told to", async (context) => {
  const why = lacking(info, 'processes');
  context.skip(why !== undefined, why);
  const program = `require('node:http').createServer((q, s) => s.end('hello')).listen(7777, '10.200.0.1')`;
  const server = await cluster.run(process.execPath, ['-e', program], { name: 'hello', uid: 65_534 });
  const reach = () =>
    execNode(`fetch('http://10.200.0.1:7777').then((r) => r.text(), () => 'nobody').then(console.log)`);
  await expect.poll(reach, { timeout: 10_000 }).toBe('hello');
  await server.stop();
  expect(await reach()).toBe('nobody');
});

test('a new user may do what its bindings say and no more', async (context) => {
  const why = lacking(info, 'processes');
  context.skip(why !== undefined, why);
  const kubeconfig = await cluster.user('bench', ['readers']);
  const bench = kubectl({ kubeconfig, binaries: cluster.binaries }, namespace);
  await expect(bench.list('pods')).rejects.toThrow('User "bench" cannot list resource "pods"');
  await kube.run(['create', 'rolebinding', 'readers', '--clusterrole=view', '--group=readers']);
  await expect
    .poll(
      () =>
        bench.list('pods', 'app=web').then(
          (pods) => pods.length,
          () => 0,
        ),
      { timeout: 5000 },
    )
    .toBe(2);
});

test('a component that was killed works again after a restart', async (context) => {
  const why = lacking(info, 'processes');
  context.skip(why !== undefined, why);
  await cluster.signal('kube-scheduler', 'SIGKILL');
  await kube.run(['scale', 'deployment/web', '--replicas=3']);
  const placed = async () => (await webPods()).map(({ spec }) => spec.nodeName ?? 'none').sort();
  await expect.poll(placed, { timeout: 10_000 }).toContain('none');
  await cluster.restart('kube-scheduler');
  await expect.poll(placed, { timeout: 20_000 }).toEqual(['node-1', 'node-1', 'node-1']);
});

test('resource metrics of running pods come in', async (context) => {
  const why = lacking(info, 'metrics');
  context.skip(why !== undefined, why);
  const top = () => kube.run(['top', 'pods', '--no-headers']).catch((error: Error) => error.message);
  await expect.poll(top, { timeout: 60_000, interval: 1000 }).toMatch(/^web-\S+ +\d+m +\d+Mi/);
});
