/**
 * The API server as a test sees it: plain JSON over one pool of connections, with the
 * client certificate of a kubeconfig. Deliberately not the operator's client: a test
 * must not share its subject's mistakes.
 */
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { parse } from 'yaml';

export interface Answer {
  readonly code: number;
  readonly body: KubeObject;
}

/** Whatever the API server answered; tests look into it freely. */
export interface KubeObject {
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly uid: string; readonly kind: string; readonly name: string }[];
  };
  readonly items?: readonly KubeObject[];
  readonly [field: string]: unknown;
}

export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

const CONTENT_TYPE: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export interface Api {
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body: unknown, type?: PatchType): Promise<Answer>;
  /** The body of an answer below 300; anything else throws with what the server said. */
  must(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<KubeObject>;
  close(): Promise<void>;
}

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[];
  readonly clusters: readonly { name: string; cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { name: string; user: Readonly<Record<string, string>> }[];
}

export function connectApi(kubeconfig: string, connections = 16): Api {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const context =
    config.contexts.find((c) => c.name === config['current-context'])?.context ?? config.contexts[0]?.context;
  const cluster = config.clusters.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users.find((u) => u.name === context?.user)?.user;
  if (!cluster?.['server'] || !user) throw new Error(`${kubeconfig}: no cluster or user in the current context`);
  const pem = (from: Readonly<Record<string, string>>, key: string) => {
    const data = from[`${key}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64');
    const file = from[key];
    return file === undefined ? undefined : readFileSync(file);
  };
  const ca = pem(cluster, 'certificate-authority');
  const cert = pem(user, 'client-certificate');
  const key = pem(user, 'client-key');
  const pool = new Pool(cluster['server'], {
    connections,
    pipelining: 1,
    connect: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
  });
  const authorization: Record<string, string> = user['token'] ? { authorization: `Bearer ${user['token']}` } : {};

  async function request(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH',
    path: string,
    body: unknown,
    type: string,
  ): Promise<Answer> {
    const response = await pool.request({
      method,
      path,
      headers: {
        accept: 'application/json',
        ...authorization,
        ...(body === undefined ? {} : { 'content-type': type }),
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.body.text();
    return { code: response.statusCode, body: text.startsWith('{') ? (JSON.parse(text) as KubeObject) : { text } };
  }

  const call: Api['call'] = (method, path, body) => request(method, path, body, 'application/json');
  return {
    call,
    patch: (path, body, type = 'merge') => request('PATCH', path, body, CONTENT_TYPE[type]),
    must: async (method, path, body) => {
      const answer = await call(method, path, body);
      if (answer.code >= 300)
        throw new Error(`${method} ${path}: ${answer.code} ${JSON.stringify(answer.body).slice(0, 400)}`);
      return answer.body;
    },
    close: () => pool.close(),
  };
}
