/**
 * Puts the product onto a cluster as a user would: images, the real helm, both charts.
 * Knows nothing of what is then done with it.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImage, type ImageName } from '../images/images.ts';
import { untilRouted } from './clients.ts';
import { command } from './cluster/command.ts';
import { kubectl } from './cluster/kubectl.ts';
import type { Cluster, Progress } from './cluster/provider.ts';
import { writeLlamaImage } from './engines/llama.ts';

const ROOT = join(import.meta.dirname, '..');
export const SYSTEM_NAMESPACE = 'mcp-fleet-system';
export const SAMPLES = join(ROOT, 'manifests/samples');

export interface FleetImage {
  readonly name: string;
  readonly file: string;
}

/** One image of the product, as an OCI archive. */
export async function productImage(image: ImageName): Promise<FleetImage> {
  return buildImage(image);
}

/** The model engine of the samples. */
export async function engineImage(cache: string, progress: Progress): Promise<FleetImage> {
  const folder = join(ROOT, 'dist/images');
  await mkdir(folder, { recursive: true });
  return writeLlamaImage(join(folder, 'llama-cpp.tar'), { cache, progress });
}

/** Every image that the samples need. */
export async function allImages(cache: string, progress: Progress): Promise<readonly FleetImage[]> {
  const ours = await Promise.all((['server', 'operator', 'conformance'] as const).map(productImage));
  return [...ours, await engineImage(cache, progress)];
}

/** A namespace in which every pod must keep the restricted Pod Security Standard. */
export const restrictedNamespace = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

export interface InstallOptions {
  /** Values of the operator's chart, as `--set` takes them. */
  readonly values?: readonly string[];
}

/** `helm upgrade --install` of both charts; resolves when the operator's pods are ready. */
export async function installCharts(cluster: Cluster, { values = [] }: InstallOptions = {}): Promise<void> {
  const helm = (args: readonly string[]) =>
    command(cluster.binaries.helm, ['--kubeconfig', cluster.kubeconfig, ...args], { timeout: 180_000 });
  await helm(['upgrade', '--install', 'mcp-fleet-crds', join(ROOT, 'charts/mcp-fleet-crds'), '--namespace', 'default']);
  await helm([
    'upgrade',
    '--install',
    'mcp-fleet',
    join(ROOT, 'charts/mcp-fleet'),
    '--namespace',
    SYSTEM_NAMESPACE,
    '--create-namespace',
    '--reset-values', // without any value helm would take those of the last time
    ...values.flatMap((value) => ['--set', value]),
    '--wait',
    '--timeout',
    '120s',
  ]);
}

/** Stops the operator in order, so that it can still give its Lease back, and uninstalls its chart. The CRDs stay. */
export async function uninstallOperator(cluster: Cluster): Promise<void> {
  const kube = kubectl(cluster).in(SYSTEM_NAMESPACE);
  await kube.run(['scale', 'deployment', 'mcp-fleet', '--replicas=0']);
  await kube.run(['wait', 'pods', '--selector=app.kubernetes.io/name=mcp-fleet', '--for=delete', '--timeout=60s']);
  const release = ['mcp-fleet', '--namespace', SYSTEM_NAMESPACE];
  await command(cluster.binaries.helm, ['--kubeconfig', cluster.kubeconfig, 'uninstall', ...release, '--wait']);
}

/** The manifests of the operator's chart as helm renders them. */
export function renderedChart(cluster: Cluster): Promise<string> {
  const chart = join(ROOT, 'charts/mcp-fleet');
  return command(cluster.binaries.helm, ['template', 'mcp-fleet', chart, '--namespace', SYSTEM_NAMESPACE]);
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export interface FleetObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation: number;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly url?: string;
    readonly address?: string;
    readonly readyReplicas?: number;
    readonly tools?: readonly { readonly name: string; readonly hash: string }[];
    readonly backends?: readonly { readonly name: string; readonly ready: boolean; readonly reason: string }[];
    readonly models?: readonly { readonly name: string; readonly state: string }[];
    readonly [field: string]: unknown;
  };
}

export const conditionOf = (object: FleetObject, type: string): Condition | undefined =>
  object.status?.conditions?.find((condition) => condition.type === type);

/** URL of a server at the port on which the ingress is reached from here, once it leads there. */
export async function ingressUrl(cluster: Cluster, namespace: string, name: string): Promise<string> {
  const { status } = await kubectl(cluster).in(namespace).get<FleetObject>('mcpserver', name);
  if (status?.url === undefined) throw new Error(`the McpServer ${name} has no status.url`);
  const url = new URL(status.url);
  if (cluster.ingress) url.port = new URL(cluster.ingress.url).port;
  await untilRouted(url.href);
  return url.href;
}

/** The sample manifests as one text. */
export async function samples(): Promise<string> {
  const files = ['10-tiny-model.yaml', '20-assistant.yaml'];
  return (await Promise.all(files.map((file) => readFile(join(SAMPLES, file), 'utf8')))).join('---\n');
}
