/**
 * The servers and backends of end-to-end tests, as manifests: small enough that many of
 * them fit onto a small node. Pure; knows no cluster.
 */

/** Small enough for many on a small node. */
export const SMALL = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '512Mi' } };

/** Part of a spec: onto nodes that only pretend, where pods run in name alone. */
export const ON_FAKE_NODES = {
  scheduling: {
    nodeSelector: { type: 'kwok' },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
  },
};

/** Part of a spec: reached through the ingress by the namespace's own name. */
export const exposedIn = (namespace: string) => exposedAt(`${namespace}.localhost`);

export const exposedAt = (host: string) => ({ exposure: { type: 'Ingress', host } });

/** Part of a spec: the `tasks` toolset with the model of `tinyModel('tiny')` behind it. */
export const ASKS_TINY = {
  toolsets: [{ name: 'tasks', config: { route: 'chat' } }],
  backends: { names: ['tiny'] },
  inference: { routes: [{ name: 'chat', targets: [{ backend: 'tiny', model: 'tiny' }] }] },
};

/** Part of a spec: data in the database whose URL is the key `url` of the Secret `db`. */
export const IN_POSTGRES = {
  storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' }, poolSize: 5 } },
};

/** Part of a spec: limits and events shared over the Redis whose URL is the key `url` of the Secret `redis`. */
export const WITH_REDIS = { redis: { urlSecretRef: { name: 'redis', key: 'url' } } };

export function mcpServer(name: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'McpServer',
    metadata: { name },
    spec: {
      toolsets: [{ name: 'tasks' }],
      resources: SMALL,
      storage: { type: 'Embedded', embedded: { ephemeral: true } },
      ...spec,
    },
  };
}

export function modelBackend(name: string, spec: Readonly<Record<string, unknown>>): object {
  return { apiVersion: 'mcpfleet.dev/v1alpha1', kind: 'ModelBackend', metadata: { name }, spec };
}

/** The real engine with the tiny model. */
export function tinyModel(name: string, managed: Readonly<Record<string, unknown>> = {}): object {
  return modelBackend(name, {
    type: 'Managed',
    models: [{ name: 'tiny', tasks: ['Chat', 'Completion'] }],
    health: { interval: '2s', timeout: '1s', failureThreshold: 2 },
    managed: {
      engine: 'LlamaCpp',
      image: 'mcpfleet.local/llama-cpp:dev',
      source: { builtin: { path: '/models/tiny.gguf' } },
      resources: SMALL,
      drain: { preStop: '1s', terminationGracePeriod: '10s' },
      ...managed,
    },
  });
}
