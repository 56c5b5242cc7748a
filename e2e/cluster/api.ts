// A small client of an API server for the cluster's own machinery: readiness
// questions and add-on objects. Tests use kubectl or the product's own client.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Pool } from 'undici';
import { parse } from 'yaml';

export interface Answer {
  readonly code: number;
  readonly text: string;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** Collection path of the kinds that the add-ons use. */
const collections: Readonly<Record<string, string>> = {
  APIService: '/apis/apiregistration.k8s.io/v1/apiservices',
  EndpointSlice: '/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices',
  IngressClass: '/apis/networking.k8s.io/v1/ingressclasses',
  Node: '/api/v1/nodes',
  PersistentVolume: '/api/v1/persistentvolumes',
  Service: '/api/v1/namespaces/{namespace}/services',
  StorageClass: '/apis/storage.k8s.io/v1/storageclasses',
};

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } },
  ];
}

export class Api {
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Opens a kubeconfig that holds its keys itself, as those of local clusters do. */
  static async open(kubeconfig: string): Promise<Api> {
    const config = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const pem = (base64: string) => Buffer.from(base64, 'base64').toString();
    const connect = {
      ca: pem(cluster['certificate-authority-data']),
      cert: pem(user['client-certificate-data']),
      key: pem(user['client-key-data']),
    };
    return new Api(new Pool(cluster.server, { connections: 4, connect, headersTimeout: 10_000, bodyTimeout: 10_000 }));
  }

  async request(method: string, path: string, body?: object, type = 'application/json'): Promise<Answer> {
    const answer = await this.#pool.request({
      method,
      path,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { code: answer.statusCode, text: await answer.body.text() };
  }

  /** Whether a GET is answered with 200; false also when nobody answers. */
  async ok(path: string): Promise<boolean> {
    try {
      return (await this.request('GET', path)).code === 200;
    } catch {
      return false;
    }
  }

  async get<T>(path: string): Promise<T> {
    const { code, text } = await this.request('GET', path);
    if (code !== 200) throw new Error(`GET ${path}: ${code} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  /** Creates or updates an object by server-side apply; its status too, where the kind has it as a sub-resource and `status` is set. */
  async apply(object: KubernetesObject): Promise<void> {
    const collection = collections[object.kind];
    if (collection === undefined) throw new Error(`No path is known for the kind ${object.kind}.`);
    const path = `${collection.replace('{namespace}', object.metadata.namespace ?? 'default')}/${object.metadata.name}`;
    for (const part of object['status'] === undefined ? [''] : ['', '/status']) {
      const query = '?fieldManager=local-cluster&force=true';
      const { code, text } = await this.request(
        'PATCH',
        `${path}${part}${query}`,
        object,
        'application/apply-patch+yaml',
      );
      if (code > 201) throw new Error(`Applying ${object.kind} ${object.metadata.name}: ${code} ${text.slice(0, 500)}`);
    }
  }

  /** Everything there is in a collection, then every change, until the server ends the stream. */
  async *watch(path: string): AsyncGenerator<{ readonly type: string; readonly object: unknown }> {
    const answer = await this.#pool.request({ method: 'GET', path: `${path}?watch=true`, bodyTimeout: 0 });
    if (answer.statusCode !== 200) throw new Error(`Watching ${path}: ${answer.statusCode}`);
    for await (const line of createInterface(answer.body)) {
      const event = JSON.parse(line) as { readonly type: string; readonly object: unknown };
      if (event.type === 'ERROR') throw new Error(`Watching ${path}: ${line.slice(0, 500)}`);
      yield event;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
