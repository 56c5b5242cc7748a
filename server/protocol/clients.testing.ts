/**
 * The official clients, connected: the 1.x SDK that older hosts use, and the 2.x client in both eras. Tests talk to a
 * server through these and through plain fetch only.
 */
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const identity = { name: 'test-client', version: '1.0.0' };

export async function connectV1(url: string): Promise<ClientV1> {
  const client = new ClientV1(identity);
  await client.connect(new TransportV1(new URL(url)));
  return client;
}

export async function connectV2(url: string, mode: 'auto' | 'legacy' | { pin: string }): Promise<ClientV2> {
  const client = new ClientV2(identity, { versionNegotiation: { mode } });
  await client.connect(new TransportV2(new URL(url)));
  return client;
}

/** Calls a tool and collects its progress, whichever client it is. */
export async function callWithProgress(
  client: ClientV1 | ClientV2,
  call: { name: string; arguments: Record<string, unknown> },
): Promise<{ structuredContent: unknown; seen: unknown[] }> {
  const seen: unknown[] = [];
  const options = { onprogress: (step: unknown): void => void seen.push(step) };
  const { structuredContent } =
    client instanceof ClientV1 ? await client.callTool(call, undefined, options) : await client.callTool(call, options);
  return { structuredContent, seen };
}

export const MODERN = '2026-07-28';

/** A request of the modern era as plain HTTP. */
export function post(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const name = params['name'] ?? params['uri'];
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    ...(params['_meta'] as Record<string, unknown> | undefined),
  };
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  });
}
