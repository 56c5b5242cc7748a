// The programs of the local cluster that are built from source: what, in which
// version, with which flags. Data only; `../binaries.ts` builds them.

export interface Program {
  readonly name: string;
  /** A folder beside this file with its own go.mod, or a package of a public module. */
  readonly source:
    | { readonly folder: string; readonly package: string }
    | { readonly package: string; readonly version: string };
  readonly ldflags: readonly string[];
  readonly tags?: string;
  /** Names under which the binary is called: links beside it. */
  readonly links?: readonly string[];
  /** Files of the module that are kept beside the binary. */
  readonly files?: { readonly module: string; readonly paths: readonly string[] };
}

const kubernetes = { version: 'v1.36.3', major: '1', minor: '36' };

const kubernetesVersion = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((at) => [
  `-X ${at}.gitVersion=${kubernetes.version}`,
  `-X ${at}.gitMajor=${kubernetes.major}`,
  `-X ${at}.gitMinor=${kubernetes.minor}`,
  `-X ${at}.gitTreeState=clean`,
]);

export const programs = {
  kube: {
    name: 'kube',
    source: { folder: 'kube', package: '.' },
    ldflags: kubernetesVersion,
    tags: 'selinux,notest,grpcnotrace',
    links: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl'],
  },
  kwok: {
    name: 'kwok',
    source: { package: 'sigs.k8s.io/kwok/cmd/kwok', version: 'v0.8.0' },
    ldflags: [],
    files: {
      module: 'sigs.k8s.io/kwok',
      paths: [
        'kustomize/stage/node/fast/node-initialize.yaml',
        'kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
        'kustomize/stage/pod/fast/pod-ready.yaml',
        'kustomize/stage/pod/fast/pod-complete.yaml',
        'kustomize/stage/pod/fast/pod-delete.yaml',
        'kustomize/metrics/resource/metrics-resource.yaml',
        'kustomize/metrics/usage/usage-from-annotation.yaml',
      ],
    },
  },
  coredns: { name: 'coredns', source: { package: 'github.com/coredns/coredns', version: 'v1.14.7' }, ldflags: [] },
  traefik: {
    name: 'traefik',
    source: { folder: 'traefik', package: 'github.com/traefik/traefik/v3/cmd/traefik' },
    ldflags: [],
  },
  'metrics-server': {
    name: 'metrics-server',
    source: { package: 'sigs.k8s.io/metrics-server/cmd/metrics-server', version: 'v0.9.0' },
    ldflags: [],
  },
  pause: { name: 'pause', source: { folder: 'pause', package: '.' }, ldflags: [] },
  helm: {
    name: 'helm',
    source: { package: 'helm.sh/helm/v4/cmd/helm', version: 'v4.2.4' },
    ldflags: ['-X helm.sh/helm/v4/internal/version.version=v4.2.4'],
  },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;
