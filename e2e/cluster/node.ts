// The one real node of a local cluster: container runtime, pod network,
// kubelet and kube-proxy, and the settings they run with.

import { mkdir, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { command } from './command.ts';
import { podRange } from './control-plane.ts';
import { nodeName } from './pki.ts';
import { type ProcessSpec, type Sandbox, start } from './processes.ts';
import type { RunFolder } from './run-folder.ts';
import { hostAddress } from './sandbox.ts';

/**
 * Pods get addresses from the cluster's whole pod range: there is no second real node. Each hangs on a link of its own
 * (`ptp`), not on a bridge: on a bridge, answers between pods pass the machine's iptables only where br_netfilter is
 * loaded, and without them a Service's address does not work.
 */
const network = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'ptp',
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: podRange }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: '/run/cni',
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

export function kubeletConfiguration(run: RunFolder): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: run.file('pki', 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${run.cgroup}`,
    clusterDNS: [hostAddress],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${run.file('containerd.sock')}`,
    // The machine's disk may be nearly full with other things; that is no reason to evict pods of a test.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    failCgroupV1: false,
    failSwapOn: false,
    imageGCHighThresholdPercent: 100,
    imagePullCredentialsVerificationPolicy: 'NeverVerify',
    maxOpenFiles: 20_000,
    maxPods: 250,
    oomScoreAdj: 0, // lowering it needs CAP_SYS_RESOURCE
    podLogsDir: run.file('pod-logs'),
    resolvConf: run.file('resolv.conf'),
    serializeImagePulls: false,
    tlsCertFile: run.file('pki', 'kubelet.crt'),
    tlsPrivateKeyFile: run.file('pki', 'kubelet.key'),
    volumePluginDir: run.file('volume-plugins'),
  };
}

function kubelet(run: RunFolder, bin: string): ProcessSpec {
  return {
    name: 'kubelet',
    command: `${bin}/kubelet`,
    args: [
      `--config=${run.file('kubelet.yaml')}`,
      `--kubeconfig=${run.file('kubeconfig', 'kubelet.yaml')}`,
      `--root-dir=${run.file('kubelet')}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${hostAddress}`,
    ],
  };
}

export function proxyConfiguration(run: RunFolder): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: run.file('kubeconfig', 'kube-proxy.yaml') },
    clusterCIDR: podRange,
    conntrack: { maxPerCore: 0 }, // the table's size is the machine's
    hostnameOverride: nodeName,
    iptables: { minSyncPeriod: '100ms' },
    oomScoreAdj: 0,
  };
}

function proxy(run: RunFolder, bin: string): ProcessSpec {
  return { name: 'kube-proxy', command: `${bin}/kube-proxy`, args: [`--config=${run.file('kube-proxy.yaml')}`] };
}

// Paths that programs have compiled in, replaced by folders of the run: sockets of device plugins (kubelet),
// results of network plugins (CNI), links to container logs (kubelet).
const privatePaths = `
mkdir -p /var/lib/kubelet /var/lib/cni /var/log/containers
mount --bind "$RUN/kubelet" /var/lib/kubelet
mount -t tmpfs -o mode=700 tmpfs /var/lib/cni
mount -t tmpfs -o mode=755 tmpfs /var/log/containers
`;

/** Writes all settings and prepares the namespace; may run while the control plane starts. */
export async function prepareNode(sandbox: Sandbox): Promise<void> {
  const { run } = sandbox;
  for (const folder of ['cni', 'kubelet', 'pod-logs', 'volume-plugins']) await mkdir(run.file(folder));
  await writeFile(run.file('cni', '10-pods.conflist'), JSON.stringify(network));
  await writeFile(run.file('resolv.conf'), `nameserver ${hostAddress}\n`);
  await writeFile(run.file('kubelet.yaml'), stringify(kubeletConfiguration(run)));
  await writeFile(run.file('kube-proxy.yaml'), stringify(proxyConfiguration(run)));
  const inside = ['-t', String(sandbox.holder.pid), '-n', '-m', '--', 'sh', '-euc', privatePaths];
  await command('nsenter', inside, { env: { RUN: run.path } });
}

/** Starts kubelet and kube-proxy; containerd must answer and the API server be ready. */
export async function startNode(sandbox: Sandbox, bin: string): Promise<void> {
  await start(sandbox, kubelet(sandbox.run, bin));
  await start(sandbox, proxy(sandbox.run, bin));
}
