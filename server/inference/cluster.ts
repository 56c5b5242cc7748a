/**
 * Backends of a cluster, from the status that the operator publishes on ModelBackends.
 * What was last seen stays in use while the API server is away, and says how old it
 * is. Must not know how a backend is asked.
 */
import type { Logger } from 'pino';
import { GROUP, VERSION } from '#crds/group.ts';
import { type ModelBackend, type ModelBackendStatus, modelBackend } from '#crds/modelbackend-status.ts';
import type { Clock } from '#models/schedule.ts';
import type { Client, WatchOptions } from '#operator/kit/client.ts';
import { inClusterConfig } from '#operator/kit/kubeconfig.ts';
import type { Cached, KubeObject, Resource } from '#operator/kit/object.ts';
import { customProjection } from '#operator/kit/projection.ts';
import { Reflector } from '#operator/kit/reflector.ts';
import { createClient, type RestClient } from '#operator/kit/rest-client.ts';
import type { ServerConfig } from '../config.ts';
import { mountedCredentials } from './credentials.ts';
import { type Discovery, type KnownBackend, knownBackend } from './known.ts';

export type ClusterSource = Extract<ServerConfig['backends'], { source: 'Cluster' }>;

type Wire = KubeObject & Pick<ModelBackend, 'spec' | 'status'>;

const modelBackends: Resource<Wire> = {
  group: GROUP,
  version: VERSION,
  kind: modelBackend.kind,
  plural: modelBackend.plural,
  namespaced: true,
};

/** The part of a client of the Kubernetes API that is needed. */
export type ClusterClient = Client;

export interface ClusterOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onChange: () => void;
}

export function discoverCluster(source: ClusterSource, options: ClusterOptions): Discovery {
  const { clock, log, onChange, random } = options;
  const { namespace, names, matchLabels } = source;
  const credentials = mountedCredentials(source.credentialsDirectory);
  const known = new Map<string, KnownBackend>();
  const end = new AbortController();
  let heardAt: number | undefined;
  const client = listening(options.client, () => {
    heardAt = clock.now();
  });
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const reflector = new Reflector<Wire, Wire & Cached>({
    client,
    resource: modelBackends,
    project: customProjection,
    namespaces: [namespace],
    log,
    random,
    ...(labels.length === 0 ? {} : { labelSelector: labels.join(',') }),
    fatal(error) {
      throw error;
    },
  });
  reflector.store.subscribe((event) => {
    const { name } = event.object.metadata;
    if (names !== undefined && !names.includes(name)) return;
    if (event.type === 'deleted') known.delete(name);
    else
      known.set(
        name,
        seen(event.object, known.get(name), () => credentials(name), log),
      );
    onChange();
  });
  const running = reflector.run(end.signal);
  return {
    backends: () => known,
    synced: () => reflector.hasSynced(),
    whenSynced: () => reflector.whenSynced(),
    snapshotAgeMs: () => (heardAt === undefined ? undefined : clock.now() - heardAt),
    async close() {
      end.abort(new DOMException('the server stops', 'AbortError'));
      await running;
    },
  };
}

/** The client of a pod, by its service account. Without variables the API server is called by the name that every cluster gives it. */
export async function podClient(environment: Readonly<Record<string, string | undefined>> = {}): Promise<RestClient> {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? 'kubernetes.default.svc';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  return createClient({ config: await inClusterConfig({ host, port }) });
}

/** The same client, and a word whenever the API server says something. */
function listening(client: Client, heard: () => void): Client {
  return {
    ...client,
    async *pages<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions) {
      for await (const page of client.pages(resource, options)) {
        heard();
        yield page;
      }
    },
    async *watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions) {
      for await (const batch of client.watch(resource, options)) {
        heard();
        yield batch;
      }
    },
  };
}

function seen(
  object: Wire & Cached,
  before: KnownBackend | undefined,
  credential: () => Promise<string | undefined>,
  log: Logger,
): KnownBackend {
  const { name, generation } = object.metadata;
  // A newer spec than the operator has judged: what was judged last stays true until it has.
  if (object.status?.observedGeneration !== generation && before !== undefined) return before;
  const parsed = modelBackend.schema.safeParse({
    ...object,
    apiVersion: `${GROUP}/${VERSION}`,
    kind: modelBackend.kind,
  });
  if (!parsed.success) {
    log.warn({ backend: name }, 'a ModelBackend is not understood by this version of the server');
    const reason = 'UnsupportedCombination';
    return { name, ready: false, reason, models: [], protocol: 'OpenAI', endpoint: undefined, identity: '' };
  }
  const { spec, status } = parsed.data as ModelBackend;
  return knownBackend({ metadata: { name }, spec }, judged(status, generation), credential);
}

function judged(status: ModelBackendStatus | undefined, generation: number) {
  const current = status?.observedGeneration === generation ? status : undefined;
  const ready = current?.conditions?.find(({ type }) => type === 'Ready');
  const loaded = (current?.models ?? []).filter(({ state }) => state === 'Loaded').map(({ name }) => name);
  return {
    ready: ready?.status === 'True',
    reason: ready?.reason ?? 'Pending',
    address: current?.addresses?.[0],
    loaded: new Set(loaded),
  };
}
