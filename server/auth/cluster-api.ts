/**
 * The cluster's API server as a pod reaches it: address from the variables that every pod has, certificate authority
 * and own token from the files of its service account. Reads and creates one small document; knows no resource.
 */
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import { parseJson } from '../http/json.ts';
import { boundedBody, type FetchedJson, maxAge } from './fetch-json.ts';
import { mountedFile, type ReadFile } from './mounted-file.ts';

export interface ClusterApi {
  /** Both throw HttpStatusError where the API server refuses, and the network's error where it is not reached. */
  get(path: string): Promise<FetchedJson>;
  create(path: string, body: object): Promise<FetchedJson>;
  close(): Promise<void>;
}

export interface ClusterApiOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly readFile?: ReadFile | undefined;
  /** Folder of the service account's files. */
  readonly directory?: string | undefined;
}

const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The API server gives its keys as a type of their own, and 406 to a client that does not name it. */
const ACCEPTED = 'application/jwk-set+json, application/json';
const TIMEOUT_MS = 3_000;
const CONNECTIONS = 8;

export function createClusterApi(options: ClusterApiOptions): ClusterApi {
  const { environment, directory = DIRECTORY } = options;
  const token = mountedFile(`${directory}/token`, options);
  const authority = mountedFile(`${directory}/ca.crt`, options);
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? 'kubernetes.default.svc';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let connected: { readonly ca: Buffer; readonly dispatcher: Dispatcher } | undefined;

  const connection = async (): Promise<Dispatcher> => {
    const ca = await authority.read();
    if (connected?.ca === ca) return connected.dispatcher;
    // Requests under way over the connections to the former authority come to their end.
    void connected?.dispatcher.close();
    const connect = buildConnector({ ca, timeout: TIMEOUT_MS, allowH2: false });
    connected = { ca, dispatcher: new Agent({ connections: CONNECTIONS, connect }) };
    return connected.dispatcher;
  };
  const send = async (path: string, method: 'GET' | 'POST', body?: object): Promise<FetchedJson> => {
    const own = (await token.read()).toString('utf8').trim();
    const answer = await request(server + path, {
      dispatcher: await connection(),
      method,
      headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json', accept: ACCEPTED },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const parsed = parseJson(await boundedBody(answer, method === 'GET' ? 200 : 201));
    if (!parsed.ok) throw new Error(parsed.message);
    return { value: parsed.value, maxAgeMs: maxAge(answer.headers['cache-control']) };
  };
  return {
    get: (path) => send(path, 'GET'),
    create: (path, body) => send(path, 'POST', body),
    close: async () => connected?.dispatcher.destroy(),
  };
}
