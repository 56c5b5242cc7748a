/**
 * Pods as tests look at them, and the operator's own: which of them leads, and how one
 * dies without a word. Knows nothing of what the operator does.
 */
import { readdir, readFile } from 'node:fs/promises';
import type { Answer } from './api.ts';
import { kubectl } from './cluster/kubectl.ts';
import { SYSTEM_NAMESPACE } from './fleet.ts';
import { until } from './until.ts';
import { type World } from './world.ts';

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly {
      readonly resources: { readonly limits?: Readonly<Record<string, string>> };
      readonly volumeMounts?: readonly { readonly mountPath: string }[];
    }[];
  };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[];
  };
}

export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** Pods of one McpServer or ModelBackend. */
export const podsOf = (world: World, instance: string): Promise<readonly Pod[]> =>
  world.kube.list<Pod>('pods', `app.kubernetes.io/instance=${instance}`);

/** Asks the eviction API, as a node's drain does: 201, or 429 where a disruption budget forbids it now. */
export function evict({ api, namespace }: World, pod: Pod | undefined): Promise<Answer> {
  const name = pod?.metadata.name ?? '';
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  return api.call('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, eviction);
}

/** Which processes run: changes when a pod is replaced or a container starts again. */
export const incarnation = (pods: readonly Pod[]): string =>
  pods
    .map(({ metadata, status }) => `${metadata.uid}/${status.containerStatuses?.[0]?.restartCount}`)
    .sort()
    .join();

export const operatorPods = (world: World): Promise<readonly Pod[]> =>
  kubectl(world.cluster).in(SYSTEM_NAMESPACE).list<Pod>('pods', 'app.kubernetes.io/name=mcp-fleet');

/** Identity of the leader: the name of its pod and a part that each process makes anew; '' when nobody leads. */
export async function leaderIdentity(world: World): Promise<string> {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM_NAMESPACE}/leases`;
  const { items = [] } = await world.api.must('GET', leases);
  const [lease] = items as readonly { readonly spec?: { readonly holderIdentity?: string } }[];
  return lease?.spec?.holderIdentity ?? '';
}

/** The operator's pods when there are this many, all ready, and one leads. */
export function untilOperators(world: World, count: number): Promise<readonly Pod[]> {
  return until(`${count} operators`, 60_000, async () => {
    const pods = await operatorPods(world);
    if (pods.length !== count || !pods.every(isReady)) return undefined;
    const leader = await leaderIdentity(world);
    return pods.some(({ metadata }) => leader.startsWith(`${metadata.name}-`)) ? pods : undefined;
  });
}

/**
 * SIGKILL to the first process of the pod's container, from outside: the kernel lets nobody within the container do
 * that, and deleting the pod would ask it to stop first. Resolves when it has ended. Local clusters only.
 */
export async function killContainer({ metadata, status }: Pod): Promise<void> {
  const id = status.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '');
  if (id === undefined || id === '') throw new Error(`${metadata.name} has no container`);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const inside = await Promise.all(pids.map((pid) => isFirstOf(pid, id)));
  const pid = pids.find((_, i) => inside[i]);
  if (pid === undefined) throw new Error(`no process of ${metadata.name} is found`);
  process.kill(Number(pid), 'SIGKILL');
  await until(`the end of ${metadata.name}`, 10_000, async () => ended(pid));
}

/** Whether nothing is left of a process but, perhaps, its exit code: its connections are closed. */
async function ended(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' || / [ZX] /.test(stat.slice(stat.lastIndexOf(')')));
}

async function isFirstOf(pid: string, container: string): Promise<boolean> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''); // it may end meanwhile
  return (await read('cgroup')).includes(container) && /^NSpid:.*\t1$/m.test(await read('status'));
}
