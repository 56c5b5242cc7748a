/**
 * A Kubernetes API on loopback for tests: the real client talks HTTP to it. It understands create, get, list, apply with
 * field managers, patch (merge), status, delete with garbage collection, watch with bookmarks and streamed lists, 409
 * and 410, and injects faults. It validates and defaults nothing; what must hold on the real thing is tested there.
 *
 *   const api = await startTestApi();
 *   const client = createClient({ config: api.config });
 *   api.put(deployments, deployment, 'kubectl');          // as another writer; setStatus, remove likewise
 *   ...run the controller...
 *   expect(api.find(services, { namespace: 'a', name: 'x' })).toMatchObject({ spec: { ... } });
 *   expect(api.writes).toEqual([]);                       // every mutating request; api.writes.length = 0 starts anew
 *   api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 0 }, (r) => r.method === 'PATCH', 3);
 *   api.cutWatches(); api.compact();                      // connections reset; older versions answer 410
 *   await client.close(); await api.close();
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { KubeError } from '../errors.ts';
import type { ClusterConfig } from '../kubeconfig.ts';
import { formatKey, type Key, type KubeObject, keyOf, type Resource } from '../object.ts';
import { Faults, type SeenRequest } from './faults.ts';
import { type Change, Objects } from './objects.ts';
import { answerTo, collectionOf, matches, parsePath, type Target } from './verbs.ts';

export interface TestApiOptions {
  /** Deletes what a deleted object owned; default true. */
  readonly collectGarbage?: boolean;
  /** What is stored for what was sent, as defaulting, admission or another spelling would make it. */
  readonly respell?: (object: KubeObject) => KubeObject;
  /** Refuses sendInitialEvents as an API server without streaming lists does; default false. */
  readonly withoutWatchList?: boolean;
}

export interface TestApi {
  readonly config: ClusterConfig;
  readonly faults: Faults;
  readonly requests: SeenRequest[];
  /** Connections open now. */
  readonly connections: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** The mutating requests among them. */
  readonly writes: SeenRequest[];
  get<T extends KubeObject>(resource: Resource<T>, key: Key): T;
  find<T extends KubeObject>(resource: Resource<T>, key: Key): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>): readonly T[];
  /** Creates or replaces as another writer would. */
  put<T extends KubeObject>(resource: Resource<T>, object: T, manager?: string): T;
  setStatus<T extends KubeObject>(resource: Resource<T>, key: Key, status: object, manager?: string): T;
  remove(resource: Resource, key: Key): void;
  /** Cuts every watch. */
  cutWatches(): void;
  /** Forgets history: a watch from an older version is answered 410. */
  compact(): void;
  close(): Promise<void>;
}

const bookmarkMs = 200;

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const objects = new Objects({ ...options, collectGarbage: options.collectGarbage ?? true });
  const faults = new Faults();
  const requests: SeenRequest[] = [];
  const writes: SeenRequest[] = [];
  const watches = new Set<ServerResponse>();
  const sockets = new Set<Socket>();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const seen: SeenRequest = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      watch: url.searchParams.get('watch') === 'true',
    };
    const body = await read(request);
    requests.push(seen);
    if (seen.method !== 'GET') writes.push(seen);
    const fault = faults.next(seen);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset' && fault.after !== true) {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'status') {
      if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
      throw new KubeError(fault.code, fault.reason ?? 'InjectedFault', `injected ${fault.code}`);
    }
    const target = parsePath(seen.path);
    if (seen.watch) {
      watch(target, seen, response);
      return;
    }
    const [code, answer] = answerTo(objects, target, seen, request.headers['content-type'] ?? '', body);
    if (fault?.kind === 'reset') request.socket.destroy();
    else send(response, code, shaped(answer, request.headers.accept));
  };

  const watch = (target: Target, seen: SeenRequest, response: ServerResponse): void => {
    const streams = seen.query.get('sendInitialEvents') === 'true';
    if (streams && options.withoutWatchList === true) {
      throw new KubeError(
        422,
        'Invalid',
        'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
      );
    }
    const from = Number(seen.query.get('resourceVersion') ?? 0);
    const oldest = objects.history[0]?.version ?? objects.version + 1;
    if (!streams && from > 0 && from < oldest - 1) {
      throw new KubeError(410, 'Expired', `too old resource version: ${from} (${oldest})`);
    }
    const emit = (type: string, object: unknown): boolean => response.write(`${JSON.stringify({ type, object })}\n`);
    const bookmark = (annotations?: Record<string, string>): void => {
      const metadata = {
        resourceVersion: String(objects.version),
        ...(annotations === undefined ? {} : { annotations }),
      };
      emit('BOOKMARK', { ...target.kind, kind: 'Bookmark', metadata });
    };
    const wanted = (object: KubeObject): boolean => matches(object, target, seen.query);
    const relay = (change: Change): void => {
      if (change.collection !== target.collection) return;
      const object = change.object;
      if (wanted(object)) emit(change.type, object);
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (streams || from === 0)
      for (const object of objects.list(target.collection)) if (wanted(object)) emit('ADDED', object);
    if (streams) bookmark({ 'k8s.io/initial-events-end': 'true' });
    if (!streams && from > 0) for (const change of objects.history) if (change.version > from) relay(change);
    const stop = objects.subscribe(relay);
    const timer = setInterval(() => bookmark(), bookmarkMs);
    watches.add(response);
    response.on('close', () => {
      stop();
      clearInterval(timer);
      watches.delete(response);
    });
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const refused = error instanceof KubeError ? error : new KubeError(500, 'InternalError', String(error));
      if (!response.headersSent) send(response, refused.code, statusOf(refused));
    });
  });
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const id = (key: Key): string => formatKey(key);
  return {
    config: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      namespace: 'default',
      tls: async () => noTls,
      authorization: async () => undefined,
    },
    faults,
    requests,
    writes,
    get accepted() {
      return accepted;
    },
    get connections() {
      return sockets.size;
    },
    get: (resource, key) => objects.get(collectionOf(resource), id(key)) as never,
    find: (resource, key) => objects.find(collectionOf(resource), id(key)) as never,
    list: (resource) => objects.list(collectionOf(resource)) as never,
    put: (resource, object, manager = 'kubectl') => {
      const collection = collectionOf(resource);
      const key = id(keyOf(object));
      const exists = objects.find(collection, key) !== undefined;
      return (
        exists
          ? objects.update(collection, key, object, { manager })
          : objects.create(collection, key, object, { manager })
      ) as never;
    },
    setStatus: (resource, key, status, manager = 'kube-controller-manager') => {
      const collection = collectionOf(resource);
      const next = { ...objects.get(collection, id(key)), status };
      return objects.update(collection, id(key), next, { manager, subresource: 'status' }) as never;
    },
    remove: (resource, key) => void objects.delete(collectionOf(resource), id(key)),
    cutWatches: () => {
      for (const response of watches) response.socket?.destroy();
    },
    compact: () => {
      objects.history = [];
      objects.version += 1;
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

const noTls = Object.freeze({ rejectUnauthorized: true });

function shaped(answer: unknown, accept: string | undefined): unknown {
  if (accept?.includes('as=PartialObjectMetadata') !== true) return answer;
  return { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: (answer as KubeObject).metadata };
}

function statusOf(error: KubeError): unknown {
  const { code, reason, message, details } = error;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
