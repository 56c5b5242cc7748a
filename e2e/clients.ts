/**
 * The clients that people use, as tests and `npm run up` use them: the official SDKs of
 * both generations, and plain HTTP. Names that end in `.localhost` lead to loopback, as
 * curl and browsers do by themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as ClassicClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as ClassicTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Agent, fetch as undiciFetch } from 'undici';

/** RFC 6761, section 6.3: names under localhost are loopback. */
const agent = new Agent({
  connect: {
    lookup: (host, options, done) => {
      if (host !== 'localhost' && !host.endsWith('.localhost'))
        throw new Error(`tests call loopback only, not ${host}`);
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    },
  },
});

export const loopbackFetch = ((input: string | URL, init?: RequestInit) =>
  undiciFetch(input, { ...(init as object), dispatcher: agent })) as unknown as typeof fetch;

/**
 * Waits until the ingress leads to the server. Its controller takes a new address for a ready pod into use a moment
 * after that pod is Ready; until then it answers for nobody (404 or 503). A server refuses GET (405).
 */
export async function untilRouted(url: string, limitMs = 5000): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { status } = await loopbackFetch(url);
    if (status === 405) return;
    if (performance.now() > deadline) throw new Error(`${url} answers ${status}, not as a server, after ${limitMs} ms`);
    await sleep(25);
  }
}

export interface ToolResult {
  readonly isError: boolean;
  readonly structured: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What every client can do here, whatever SDK is behind it. */
export interface McpClient {
  readonly name: string;
  listTools(): Promise<readonly string[]>;
  callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolResult>;
  readResource(uri: string): Promise<string>;
  close(): Promise<void>;
}

const identity = { name: 'mcp-fleet-e2e', version: '0.1.0' };

/** The 2.x SDK in the 2026-07-28 era, or made to speak the older one. */
export async function connectModern(url: string, mode: 'auto' | 'legacy' = 'auto'): Promise<McpClient> {
  const client = new ModernClient(identity, { versionNegotiation: { mode } });
  await client.connect(new ModernTransport(new URL(url), { fetch: loopbackFetch }));
  return wrap(`SDK 2.x, ${mode}`, client);
}

/** The 1.x SDK, which most hosts use today. */
export async function connectClassic(url: string): Promise<McpClient> {
  const client = new ClassicClient(identity);
  await client.connect(new ClassicTransport(new URL(url), { fetch: loopbackFetch }));
  return wrap('SDK 1.x', client);
}

interface SdkClient {
  listTools(): Promise<{ tools: readonly { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  readResource(request: { uri: string }): Promise<unknown>;
  close(): Promise<void>;
}

interface CallResult {
  readonly isError?: boolean;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

function wrap(name: string, client: SdkClient): McpClient {
  return {
    name,
    listTools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    callTool: async (tool, args) =>
      toResult((await client.callTool({ name: tool, arguments: { ...args } })) as CallResult),
    readResource: async (uri) => {
      const { contents } = (await client.readResource({ uri })) as { contents: readonly { text?: string }[] };
      return contents[0]?.text ?? '';
    },
    close: () => client.close(),
  };
}

export function toResult(result: CallResult): ToolResult {
  return {
    isError: result.isError ?? false,
    structured: result.structuredContent ?? {},
    text: result.content.map((part) => part.text ?? '').join('\n'),
  };
}

/** One JSON-RPC request of the 2026-07-28 era, header by header, as curl would send it. */
export async function post(
  url: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: unknown }> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const name = params['name'] ?? params['uri'];
  const response = await loopbackFetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
