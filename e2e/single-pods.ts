/**
 * The pods of one server as clients that choose theirs: each at a loopback port of its own, request by request, with
 * streams of events that are read until they are stopped.
 */
import { loopbackFetch } from './clients.ts';
import type { Forward } from './cluster/provider.ts';
import { isReady, podsOf } from './pods.ts';
import { responseIn, type Send } from './session.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** One URL for each of the three pods of a server. */
export async function podUrls(
  world: World,
  name: string,
): Promise<{ urls: readonly string[]; close: () => Promise<void> }> {
  const pods = await until(`three pods of ${name}`, 60_000, async () => {
    const ready = (await podsOf(world, name)).filter(isReady);
    return ready.length === 3 ? ready : undefined;
  });
  const to = ({ status }: (typeof pods)[number]): Promise<Forward> =>
    world.cluster.forward({ host: status.podIP ?? '', port: 8080 });
  const forwards = await Promise.all(pods.map(to));
  return {
    urls: forwards.map(({ url }) => `${url}/mcp`),
    close: async () => void (await Promise.all(forwards.map((forward) => forward.close()))),
  };
}

/** Requests of the session era to one URL. */
export const sendTo =
  (url: string): Send =>
  async (headers, message) => {
    const response = await loopbackFetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
    const session = response.headers.get('mcp-session-id') ?? undefined;
    return {
      status: response.status,
      session,
      text: responseIn(response.headers.get('content-type'), await response.text()),
    };
  };

export interface Listening {
  /** Methods of what came, in order. */
  heard(): readonly string[];
  stop(): void;
}

/** Reads a stream of events until it is stopped. */
export async function listen(url: string, init: RequestInit): Promise<Listening> {
  const ending = new AbortController();
  const response = await loopbackFetch(url, { ...init, signal: ending.signal });
  if (response.status !== 200 || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  let text = '';
  const reading = (async (body: AsyncIterable<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of body) text += decoder.decode(bytes, { stream: true });
  })(response.body);
  reading.catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return {
    heard: () => [...text.matchAll(/"method":"([^"]+)"/g)].map(([, method]) => method ?? ''),
    stop: () => ending.abort(),
  };
}
