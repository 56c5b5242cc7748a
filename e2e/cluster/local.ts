// The provider `local`: a real Kubernetes on this Linux machine without Docker,
// made of processes in one private namespace. Says in which order the parts
// start; their flags stand in control-plane.ts, node.ts, fake-nodes.ts and addons.ts.

import { writeFile } from 'node:fs/promises';
import { ports, startDns, startIngress, startMetrics } from './addons.ts';
import { Api } from './api.ts';
import type { ProgramName } from './binaries/programs.ts';
import { type Built, buildPrograms } from './binaries.ts';
import { endDeadRuns, endRun } from './cleanup.ts';
import { command } from './command.ts';
import { importImages, startContainerd } from './containerd.ts';
import { apiServer, auditLogName, auditPolicy, controllerManager, etcd, scheduler } from './control-plane.ts';
import { startFakeNodes } from './fake-nodes.ts';
import { forward } from './forward.ts';
import { openLocal } from './local-cluster.ts';
import { prepareNode, startNode } from './node.ts';
import { installPackages } from './packages.ts';
import { pauseArchive } from './pause.ts';
import { identify } from './pids.ts';
import { createPki, writeAdminKubeconfig } from './pki.ts';
import type { Places } from './places.ts';
import { ready, type Sandbox, start } from './processes.ts';
import { type Capability, type Cluster, type Provider, type StartOptions, step, type Tier } from './provider.ts';
import { createRunFolder } from './run-folder.ts';
import { createSandbox, hostAddress } from './sandbox.ts';
import { storageClass, storageProvisioner } from './storage.ts';

const programsOf: Readonly<Record<Tier, readonly ProgramName[]>> = {
  api: ['kube', 'helm'],
  control: ['kube', 'helm', 'kwok', 'metrics-server'],
  pods: ['kube', 'helm', 'pause', 'kwok', 'coredns', 'traefik', 'metrics-server'],
};

type Programs = Readonly<Record<ProgramName, Built>>;

function withDefaults(options: StartOptions) {
  const { tier } = options;
  return {
    ...options,
    fakeNodes: options.fakeNodes ?? (tier === 'control' ? 2 : 0),
    gpuNodes: options.gpuNodes ?? { count: 2, gpus: 4 },
    metrics: options.metrics ?? tier === 'pods',
  };
}

type Options = ReturnType<typeof withDefaults>;

function capabilitiesOf({ tier, metrics }: Options): readonly Capability[] {
  const found: Capability[] = ['auditLog', 'processes'];
  if (tier !== 'api') found.push('control', 'kwok', 'gpuNodes', 'storage');
  if (tier === 'pods') found.push('pods', 'ingress', 'loadImage');
  if (tier !== 'api' && metrics) found.push('metrics');
  return found;
}

/** Starts etcd and the API server; returns the port here that leads to it. */
async function startApi(sandbox: Sandbox, bin: string): Promise<{ port: number; api: Api }> {
  const { run } = sandbox;
  await createPki(run, new Date());
  await writeFile(run.file('audit-policy.yaml'), auditPolicy);
  await start(sandbox, etcd(run, bin));
  await start(sandbox, apiServer(run, bin));
  const { port } = await forward(sandbox, hostAddress, 6443);
  const api = await Api.open(await writeAdminKubeconfig(run, port));
  await ready(run, 'kube-apiserver', () => api.ok('/readyz'), 60);
  return { port, api };
}

async function startControllers(sandbox: Sandbox, bin: string): Promise<void> {
  await start(sandbox, controllerManager(sandbox.run, bin));
  await start(sandbox, scheduler(sandbox.run, bin));
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

async function nodesReady(api: Api, count: number): Promise<boolean> {
  const { items } = await api.get<NodeList>('/api/v1/nodes');
  const isReady = (node: NodeList['items'][number]) =>
    node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return items.length >= count && items.every(isReady);
}

/** Controllers are at work when they have made the ServiceAccount that every pod needs. */
const controllersReady = (api: Api) => api.ok('/api/v1/namespaces/default/serviceaccounts/default');

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

async function startControl(sandbox: Sandbox, programs: Programs, api: Api, options: Options): Promise<void> {
  await startControllers(sandbox, programs.kube.folder);
  await startFakeNodes(sandbox, programs.kwok, api, options);
  await api.apply(storageClass);
  await start(sandbox, storageProvisioner(sandbox.run));
  if (options.metrics) await startMetrics(sandbox, programs['metrics-server'], api);
  await ready(sandbox.run, 'kube-controller-manager', () => controllersReady(api), 60);
}

/** Starts what pods need; returns the URL of the ingress controller. */
async function startPods(sandbox: Sandbox, programs: Programs, api: Api, options: Options): Promise<string> {
  const { run } = sandbox;
  await startNode(sandbox, programs.kube.folder);
  await startDns(sandbox, programs.coredns);
  await startIngress(sandbox, programs.traefik, api);
  await startControl(sandbox, programs, api, options);
  const [web, ping, dns] = await Promise.all(
    [ports.web, ports.ping, ports.dnsReady].map((port) => forward(sandbox, hostAddress, port)),
  );
  if (!web || !ping || !dns) throw new Error('A forward is missing.');
  await ready(run, 'coredns', () => answers(`${dns.url}/ready`), 60);
  await ready(run, 'traefik', () => answers(`${ping.url}/ping`), 60);
  await Promise.all([ping.close(), dns.close()]);
  return web.url;
}

async function startParts(sandbox: Sandbox, programs: Programs, cache: string, options: Options): Promise<void> {
  const { run } = sandbox;
  const { progress, tier } = options;
  const runtime =
    tier === 'pods'
      ? Promise.all([prepareNode(sandbox), startContainerd(sandbox, cache)]).then(async () =>
          importImages(run, await pauseArchive(programs.pause)),
        )
      : Promise.resolve();
  runtime.catch(() => undefined); // awaited below; it must not count as unhandled until then
  const { port, api } = await step(progress, 'Start etcd and the API server', () =>
    startApi(sandbox, programs.kube.folder),
  );
  let ingressUrl: string | undefined;
  if (tier === 'control') {
    await step(progress, 'Start controllers and fake nodes', () => startControl(sandbox, programs, api, options));
  } else if (tier === 'pods') {
    await step(progress, 'Start the container runtime', () => runtime);
    ingressUrl = await step(progress, 'Start controllers, node, DNS and ingress', () =>
      startPods(sandbox, programs, api, options),
    );
  }
  if (tier !== 'api') {
    const count = options.fakeNodes + options.gpuNodes.count + (tier === 'pods' ? 1 : 0);
    const last = tier === 'pods' ? 'kubelet' : 'kwok';
    await step(progress, 'Wait for the nodes', () => ready(run, last, () => nodesReady(api, count), 60));
  }
  await api.close();
  await run.write('cluster', {
    capabilities: capabilitiesOf(options),
    apiPort: port,
    auditLog: run.file(auditLogName),
    binaries: { kubectl: `${programs.kube.folder}/kubectl`, helm: programs.helm.path },
    ...(ingressUrl === undefined ? {} : { ingressUrl }),
  });
}

async function startLocal({ cache, runs }: Places, given: StartOptions): Promise<Cluster> {
  const options = withDefaults(given);
  const { tier, progress } = options;
  for (const { id } of await endDeadRuns(runs)) progress({ step: 'Clean up', state: 'info', detail: `ended ${id}` });
  await installPackages(tier === 'pods', progress);
  const programs = (await buildPrograms(programsOf[tier], cache, progress)) as Programs;
  const owner = identify(process.pid);
  if (!owner) throw new Error('This process has no entry in /proc.');
  const record = { tier, created: new Date().toISOString() };
  const run = await createRunFolder(runs, { ...record, owner }, options.name ?? tier);
  try {
    const sandbox = await createSandbox(run);
    await startParts(sandbox, programs, cache, options);
    if (options.keep === true) await run.write('run', { id: run.id, ...record });
    return await openLocal(run.path);
  } catch (error) {
    await endRun(run);
    throw error;
  }
}

export function localProvider(places: Places): Provider {
  return {
    name: 'local',
    async available() {
      if (process.platform !== 'linux') return { ok: false, reason: 'it needs Linux' };
      if (process.getuid?.() !== 0) return { ok: false, reason: 'it needs root (try sudo)' };
      try {
        await command('unshare', ['--net', '--mount', 'true']);
      } catch {
        return { ok: false, reason: 'this root may not make namespaces (in a container, --privileged is needed)' };
      }
      return { ok: true };
    },
    start: (options) => startLocal(places, options),
  };
}
