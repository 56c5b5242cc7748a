/**
 * The few requests that the tests of the CRDs send to a real API server, as plain
 * JSON in both directions, so that no client library hides what the server says.
 */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import type { CustomResourceDefinition } from '../crd.ts';
import { API_VERSION } from '../group.ts';
import { KINDS } from '../outputs.ts';

export interface Answer<T> {
  readonly code: number;
  readonly body: T;
}

/** What a refusal says: metav1.Status. */
export interface Refusal {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

export interface TestServer {
  send<T>(method: string, path: string, body?: object, headers?: OutgoingHttpHeaders): Promise<Answer<T>>;
  /** Applies a CRD and returns when the API server serves the kind. */
  establish(crd: CustomResourceDefinition): Promise<void>;
  close(): void;
}

/** Path of the collection of a kind, or of one object, in the namespace `default`. */
export function pathOf(kind: string, name?: string): string {
  const plural = KINDS.find((known) => known.kind === kind)?.plural ?? '';
  return `/apis/${API_VERSION}/namespaces/default/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** Opens the API server of a kubeconfig. */
export async function openServer(kubeconfig: string): Promise<TestServer> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const base = config.getCurrentCluster()?.server;
  if (!base) throw new Error(`${kubeconfig} names no cluster`);
  const agent = new Agent({ keepAlive: true });
  const security: RequestOptions = {};
  await config.applyToHTTPSOptions(security);

  const send: TestServer['send'] = async (method, path, body, headers = {}) => {
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
    const outgoing = request(new URL(path, base), {
      ...security,
      agent,
      method,
      headers: {
        ...(security.headers as OutgoingHttpHeaders),
        accept: 'application/json',
        'content-type': type,
        ...headers,
      },
      signal: AbortSignal.timeout(30_000),
    });
    outgoing.end(body && JSON.stringify(body));
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const answer = await text(response);
    // What no handler answers, such as a kind that is not served yet, is plain text.
    const json = response.headers['content-type']?.startsWith('application/json');
    return { code: response.statusCode ?? 0, body: (json ? JSON.parse(answer) : { message: answer }) as never };
  };

  return {
    send,
    async establish(crd) {
      const at = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
      const applied = await send<Refusal>('PATCH', `${at}?fieldManager=crd-tests&force=true`, crd);
      if (applied.code > 201) throw new Error(`${crd.metadata.name} was refused: ${applied.body.message}`);
      const deadline = performance.now() + 30_000;
      while ((await send('GET', pathOf(crd.spec.names.kind))).code !== 200) {
        if (performance.now() > deadline) throw new Error(`${crd.metadata.name} was not served within 30 s`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    close: () => agent.destroy(),
  };
}
