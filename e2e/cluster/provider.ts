// What a test, a bench or `npm run up` may ask of a Kubernetes cluster, whoever
// provides it. Nothing here knows how a cluster is made: tests name the
// capabilities they need and are reported as skipped where one is missing.

/** How much of a cluster runs: the API alone, + controllers and fake nodes, + a node that runs pods. */
export type Tier = 'api' | 'control' | 'pods';

export type Capability =
  | 'control'
  | 'pods'
  | 'kwok'
  | 'gpuNodes'
  | 'auditLog'
  | 'ingress'
  | 'loadImage'
  | 'metrics'
  | 'networkPolicy'
  | 'processes'
  | 'storage';

export interface ProgressEvent {
  readonly step: string;
  readonly state: 'start' | 'done' | 'cached' | 'info';
  readonly seconds?: number;
  readonly detail?: string;
}

export type Progress = (event: ProgressEvent) => void;

export interface Binaries {
  readonly kubectl: string;
  readonly helm: string;
}

/** An address inside the cluster: any TCP address (local clusters only) or a port of a Service. */
export type ForwardTarget =
  | { readonly host: string; readonly port: number }
  | { readonly namespace: string; readonly service: string; readonly port: number };

export interface Forward {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface RunOptions {
  /** Names the log file and the record; must be unique in the cluster. Default: the command's name. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs as this user and group id instead of root (PostgreSQL insists on it). */
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunningProcess {
  readonly pid: number;
  readonly log: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Programs of a local cluster that fault tests may signal and restart. */
export type ComponentName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'containerd'
  | 'coredns'
  | 'traefik'
  | 'metrics-server'
  | 'kwok'
  | 'storage-provisioner';

export interface Cluster {
  readonly name: string;
  readonly provider: ProviderName;
  /** Path of the admin kubeconfig; works from this machine's own network. */
  readonly kubeconfig: string;
  /** The same for a process started with `run`, without the forwarder in between. Local clusters only. */
  readonly insideKubeconfig?: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly ingress?: { readonly url: string };
  /** Path of the audit log: level Metadata, no RequestReceived stage. */
  readonly auditLog?: string;
  readonly binaries: Binaries;
  /** Folder of this run's records, keys and logs. Local clusters only. */
  readonly runDir?: string;
  /** Imports every image of an OCI archive into the nodes; does nothing when the digests are there already. */
  loadImage(tar: string): Promise<void>;
  /** Path of a kubeconfig with a new client certificate for this user (RBAC is the caller's affair). */
  user(name: string, groups?: readonly string[]): Promise<string>;
  /** A loopback port here that leads to an address inside. */
  forward(target: ForwardTarget): Promise<Forward>;
  /** Starts a process in the cluster's network, where pods reach it at 10.200.0.1. It ends with the cluster. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunningProcess>;
  signal(component: ComponentName, signal: NodeJS.Signals): Promise<void>;
  /** Starts a component again that a fault test ended, with the flags it had. Does not wait until it is ready. */
  restart(component: ComponentName): Promise<void>;
  stop(): Promise<void>;
}

export type ProviderName = 'existing' | 'kind' | 'local';

export interface Addons {
  /** Fake nodes (KWOK) without GPUs. Tier `control`; default 2. */
  readonly fakeNodes?: number;
  /** Fake nodes with GPUs. Default: 2 nodes with 4 GPUs each. */
  readonly gpuNodes?: { readonly count: number; readonly gpus: number };
  /** metrics-server. Default: on in tier `pods`, off in tier `control`. */
  readonly metrics?: boolean;
}

export interface StartOptions extends Addons {
  readonly tier: Tier;
  readonly progress: Progress;
  readonly name?: string;
  /** The cluster outlives the process that starts it; `npm run down` ends it. */
  readonly keep?: boolean;
}

export interface Provider {
  readonly name: ProviderName;
  available(): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
  start(options: StartOptions): Promise<Cluster>;
}

/** Something this provider cannot do; the message names it and the cure. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}

/** Runs one step and reports its begin, end and duration. */
export async function step<T>(progress: Progress, name: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  progress({ step: name, state: 'start' });
  const result = await work();
  progress({ step: name, state: 'done', seconds: (performance.now() - begin) / 1000 });
  return result;
}
