/**
 * The servers that the operator benchmark makes: names, namespaces, specs and the
 * paths of their children. Minimal on purpose, so that the control plane and not the
 * content is measured.
 */
import { API_VERSION, GROUP } from '#crds/group.ts';
import type { Api } from '#e2e/api.ts';

export const SERVERS = 300;
const NAMESPACES = 6;

export interface Server {
  readonly namespace: string;
  readonly name: string;
}

export const serverAt = (index: number): Server => ({ namespace: `b${index % NAMESPACES}`, name: `s${index}` });

export const serverPath = ({ namespace, name }: Server, subresource = ''): string =>
  `/apis/${API_VERSION}/namespaces/${namespace}/mcpservers${name === '' ? '' : `/${name}`}${subresource}`;

/** Collections that hold children, as the API server names them. */
export const CHILD_COLLECTIONS = {
  deployments: '/apis/apps/v1',
  services: '/api/v1',
  configmaps: '/api/v1',
  secrets: '/api/v1',
  serviceaccounts: '/api/v1',
  roles: '/apis/rbac.authorization.k8s.io/v1',
  rolebindings: '/apis/rbac.authorization.k8s.io/v1',
  persistentvolumeclaims: '/api/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  poddisruptionbudgets: '/apis/policy/v1',
  ingresses: '/apis/networking.k8s.io/v1',
} as const;

export type ChildResource = keyof typeof CHILD_COLLECTIONS;

export const childPath = (resource: ChildResource, namespace: string, name = ''): string =>
  `${CHILD_COLLECTIONS[resource]}/namespaces/${namespace}/${resource}${name === '' ? '' : `/${name}`}`;

export const deploymentPath = ({ namespace, name }: Server): string => childPath('deployments', namespace, name);

export function manifest({ namespace, name }: Server, spec: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    apiVersion: API_VERSION,
    kind: 'McpServer',
    metadata: { name, namespace },
    spec: {
      toolsets: [{ name: 'tasks' }],
      backends: { selector: { matchLabels: { [`${GROUP}/bench`]: 'none' } } },
      storage: { type: 'Embedded', embedded: { ephemeral: true } },
      resources: { requests: { cpu: '10m', memory: '16Mi' } },
      ...spec,
    },
  };
}

export async function createNamespaces(api: Api): Promise<void> {
  for (let i = 0; i < NAMESPACES; i++) await api.call('POST', '/api/v1/namespaces', { metadata: { name: `b${i}` } });
}

/** Runs `work(i)` for i in 0 … n-1 on `width` workers. */
export async function parallel(n: number, width: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < n) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
