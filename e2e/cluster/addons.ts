// What a cluster has besides Kubernetes itself: DNS, an ingress controller and
// resource metrics. They run as programs beside the pods, not in them.

import { mkdir, writeFile } from 'node:fs/promises';
import type { Api } from './api.ts';
import type { Built } from './binaries.ts';
import { type ProcessSpec, type Sandbox, start } from './processes.ts';
import type { RunFolder } from './run-folder.ts';
import { hostAddress } from './sandbox.ts';

export const ports = { dnsReady: 8181, metrics: 4443, ping: 8001, web: 8000 };

export const ingressClass = 'traefik';

function corefile(run: RunFolder): string {
  return `.:53 {
  bind ${hostAddress}
  errors
  ready ${hostAddress}:${ports.dnsReady}
  kubernetes cluster.local {
    kubeconfig ${run.file('kubeconfig', 'coredns.yaml')}
  }
  cache 5
}
`;
}

function traefik(run: RunFolder, path: string): ProcessSpec {
  return {
    name: 'traefik',
    command: path,
    env: { KUBECONFIG: run.file('kubeconfig', 'traefik.yaml') },
    args: [
      `--entryPoints.web.address=${hostAddress}:${ports.web}`,
      `--entryPoints.traefik.address=${hostAddress}:${ports.ping}`,
      '--ping',
      '--providers.kubernetesingress',
      `--providers.kubernetesingress.ingressendpoint.ip=${hostAddress}`,
      // What nginx does by itself: a request of which nothing was sent yet, as the connection was refused, goes to another pod.
      `--providers.file.filename=${run.file('traefik.yaml')}`,
      '--entryPoints.web.http.middlewares=retry@file',
      '--providers.providersthrottleduration=100ms', // its 2 s would be added to every wait for a route
      '--global.checknewversion=false',
      '--global.sendanonymoususage=false',
      '--log.level=WARN',
    ],
  };
}

/** Starts CoreDNS. */
export async function startDns(sandbox: Sandbox, { path }: Built): Promise<void> {
  const file = sandbox.run.file('Corefile');
  await writeFile(file, corefile(sandbox.run));
  await start(sandbox, { name: 'coredns', command: path, args: ['-conf', file] });
}

/** Starts Traefik and makes its IngressClass, the default one. */
export async function startIngress(sandbox: Sandbox, { path }: Built, api: Api): Promise<void> {
  await api.apply({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: ingressClass, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'traefik.io/ingress-controller' },
  });
  await writeFile(sandbox.run.file('traefik.yaml'), 'http: { middlewares: { retry: { retry: { attempts: 4 } } } }\n');
  await start(sandbox, traefik(sandbox.run, path));
}

/** Starts metrics-server and registers its API. Its first figures come two resolutions (20 s) later. */
export async function startMetrics(sandbox: Sandbox, { path }: Built, api: Api): Promise<void> {
  const { run } = sandbox;
  const kubeconfig = run.file('kubeconfig', 'metrics-server.yaml');
  await mkdir(run.file('metrics-server'));
  await start(sandbox, {
    name: 'metrics-server',
    command: path,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--kubelet-insecure-tls',
      '--kubelet-preferred-address-types=InternalIP',
      '--kubelet-use-node-status-port', // fake nodes answer on another one than the real node
      '--metric-resolution=10s',
      '--kubelet-request-timeout=8s', // must be below the resolution
      `--secure-port=${ports.metrics}`,
      `--cert-dir=${run.file('metrics-server')}`,
    ],
  });
  const metadata = { name: 'metrics-server', namespace: 'kube-system' };
  await api.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ports: [{ name: 'https', port: 443, targetPort: ports.metrics }] },
  });
  await api.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [hostAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port: ports.metrics }],
  });
  await api.apply({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: metadata.name, namespace: metadata.namespace, port: 443 },
    },
  });
}
