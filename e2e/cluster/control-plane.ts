// The programs of the control plane and the flags they run with. Pure: gives
// process specs, starts nothing.

import { stringify } from 'yaml';
import { serviceRange } from './pki.ts';
import type { ProcessSpec } from './processes.ts';
import type { RunFolder } from './run-folder.ts';
import { hostAddress } from './sandbox.ts';

export const podRange = '10.244.0.0/16';
export const auditLogName = 'audit.log';

/** Every request once, when it has been answered: who, what, which code. No bodies. */
export const auditPolicy = stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', omitManagedFields: true }],
});

// Their defaults (20 to 50 requests a second) would be what a bench measures.
const unthrottled = ['--kube-api-qps=500', '--kube-api-burst=1000'];

/** `bin` is the folder with one name per program. */
export function etcd(run: RunFolder, bin: string): ProcessSpec {
  const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
  return {
    name: 'etcd',
    command: `${bin}/etcd`,
    args: [
      `--data-dir=${run.file('etcd', 'data')}`, // a tmpfs: nothing here outlives the run, so nothing is synced
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--quota-backend-bytes=4294967296',
      '--log-level=warn',
    ],
  };
}

export function apiServer(run: RunFolder, bin: string): ProcessSpec {
  const pki = (name: string) => run.file('pki', name);
  return {
    name: 'kube-apiserver',
    command: `${bin}/kube-apiserver`,
    args: [
      '--etcd-servers=http://127.0.0.1:2379',
      '--secure-port=6443',
      '--bind-address=0.0.0.0',
      `--advertise-address=${hostAddress}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki('service-account.crt')}`,
      `--service-account-signing-key-file=${pki('service-account.key')}`,
      `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--requestheader-client-ca-file=${pki('front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${pki('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${pki('front-proxy-client.key')}`,
      '--enable-aggregator-routing=true',
      `--service-cluster-ip-range=${serviceRange}`,
      '--allow-privileged=true',
      `--audit-policy-file=${run.file('audit-policy.yaml')}`,
      `--audit-log-path=${run.file(auditLogName)}`,
      '--audit-log-maxsize=0', // one file: readers follow it from end to end
    ],
  };
}

export function controllerManager(run: RunFolder, bin: string): ProcessSpec {
  const pki = (name: string) => run.file('pki', name);
  return {
    name: 'kube-controller-manager',
    command: `${bin}/kube-controller-manager`,
    args: [
      `--kubeconfig=${run.file('kubeconfig', 'kube-controller-manager.yaml')}`,
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${pki('service-account.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      '--leader-elect=false',
      '--horizontal-pod-autoscaler-sync-period=5s',
      ...unthrottled,
    ],
  };
}

export function scheduler(run: RunFolder, bin: string): ProcessSpec {
  return {
    name: 'kube-scheduler',
    command: `${bin}/kube-scheduler`,
    args: [`--kubeconfig=${run.file('kubeconfig', 'kube-scheduler.yaml')}`, '--leader-elect=false', ...unthrottled],
  };
}
