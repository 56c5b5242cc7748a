/**
 * McpServers, ModelBackends, pods and observations for tests, as the API server would hand them out: with defaults
 * applied and metadata set. A test says only what it is about.
 */
import { API_VERSION } from '#crds/group.ts';
import { type McpServerInput, parseMcpServer } from '#crds/mcpserver-status.ts';
import { type ModelBackendInput, parseModelBackend } from '#crds/modelbackend-status.ts';
import { STORED } from '#operator/kit/testing/metadata.ts';
import type { Pod } from '#operator/kit/wire.ts';
import type {
  CachedMcpServer,
  CachedModelBackend,
  McpServerObject,
  ModelBackendObject,
} from '#operator/workload/customresources.ts';
import { selectorLabels, workloadLabels } from '#operator/workload/labels.ts';
import { type CachedPod, projectPod } from '#operator/workload/pods.ts';
import type { DesiredOptions } from '../desired.ts';
import type { Observed } from '../observe.ts';

type Spec = McpServerInput['spec'];

/** A server as it is sent to the API server; the defaults are there because the test API sets none. */
export function mcpServer(spec: Partial<Spec> = {}, name = 'assistant'): McpServerObject {
  const parsed = parseMcpServer({
    apiVersion: API_VERSION,
    kind: 'McpServer',
    metadata: { name, namespace: 'team-a' },
    spec: { toolsets: [{ name: 'tasks' }], ...spec },
  });
  return { ...parsed, metadata: { name, namespace: 'team-a' } } as McpServerObject;
}

export function cachedMcpServer(spec: Partial<Spec> = {}, name = 'assistant'): CachedMcpServer {
  return {
    ...mcpServer(spec, name),
    metadata: { ...STORED, namespace: 'team-a', name, uid: `uid-${name}`, generation: 2 },
  };
}

export interface BackendState {
  readonly ready?: boolean;
  readonly reason?: string;
  readonly loaded?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly secretRef?: { readonly name: string; readonly key: string };
}

export function modelBackend(name: string, state: BackendState = {}): ModelBackendObject {
  const { ready = true, reason = 'Serving', loaded = ['llama'], labels = {}, secretRef } = state;
  const input: ModelBackendInput = {
    apiVersion: API_VERSION,
    kind: 'ModelBackend',
    metadata: { name, namespace: 'team-a', labels },
    spec: {
      type: 'External',
      external: { url: 'https://models.example.com' },
      models: [{ name: 'llama' }],
      ...(secretRef === undefined ? {} : { auth: { type: 'Bearer', secretRef } }),
    },
    status: {
      models: loaded.map((model) => ({ name: model, upstreamName: model, state: 'Loaded', tasks: ['Chat'] })),
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          reason,
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  };
  const parsed = parseModelBackend(input);
  return { ...parsed, metadata: { name, namespace: 'team-a', labels } } as ModelBackendObject;
}

export function cachedModelBackend(name: string, state: BackendState = {}): CachedModelBackend {
  const labels = state.labels ?? {};
  return {
    ...modelBackend(name, state),
    metadata: { ...STORED, namespace: 'team-a', name, uid: `uid-${name}`, generation: 1, labels },
  };
}

/** A pod of the server `assistant`, ready unless its status says otherwise. */
export function pod(name = 'assistant-1', status: PodStatus = READY, server = 'assistant'): Pod {
  const workload = { application: 'mcp-server', instance: server } as const;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: 'team-a',
      name,
      labels: { ...workloadLabels(workload), ...selectorLabels(workload), 'pod-template-hash': 'a1' },
    },
    spec: { containers: [] },
    status,
  };
}

export type PodStatus = NonNullable<Pod['status']>;
export const READY: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
export const UNREADY: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };

export function cachedPod(name = 'assistant-1', status: PodStatus = READY): CachedPod {
  const made = pod(name, status);
  return projectPod({
    ...made,
    metadata: {
      ...made.metadata,
      uid: `uid-${name}`,
      resourceVersion: '9',
      creationTimestamp: STORED.creationTimestamp,
    },
  });
}

/** A world in which nothing exists yet. */
export const NOTHING: Observed = {
  children: [],
  deployment: undefined,
  ingressAdmitted: false,
  clusterIP: '',
  pods: [],
  backends: [],
  references: [],
  endpointHolder: undefined,
  finding: undefined,
  jobs: [],
  examiners: [],
};

export const OPTIONS: DesiredOptions = {
  serverImage: 'mcpfleet.local/server:dev',
  conformanceImage: 'mcpfleet.local/conformance:dev',
  newKey: () => new Uint8Array(32),
};
