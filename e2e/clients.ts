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

/** Options of an undici client. RFC 6761, section 6.3: names under localhost are loopback. */
export const onLoopback = {
  connect: {
    lookup: (host, options, done) => {
      if (host !== 'localhost' && !host.endsWith('.localhost'))
        throw new Error(`tests call loopback only, not ${host}`);
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    },
  },
} as const satisfies Agent.Options;

const agent = new Agent(onLoopback);

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

const bearing = (token: string | undefined) =>
  token === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${token}` } } };

/** The 2.x SDK in the 2026-07-28 era, or made to speak the older one. */
export async function connectModern(url: string, mode: 'auto' | 'legacy' = 'auto', token?: string): Promise<McpClient> {
  const client = new ModernClient(identity, { versionNegotiation: { mode } });
  await client.connect(new ModernTransport(new URL(url), { fetch: loopbackFetch, ...bearing(token) }));
  return wrap(`SDK 2.x, ${mode}`, client);
}

/** The 1.x SDK, which most hosts use today. */
export async function connectClassic(url: string, token?: string): Promise<McpClient> {
  const client = new ClassicClient(identity);
  await client.connect(new ClassicTransport(new URL(url), { fetch: loopbackFetch, ...bearing(token) }));
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

/** Of the 2026-07-28 era, header by header. */
export interface ModernRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly message: {
    readonly jsonrpc: '2.0';
    readonly id: number;
    readonly method: string;
    readonly params: Readonly<Record<string, unknown>>;
  };
}

export interface ModernOptions {
  /** Default 1. */
  readonly id?: number;
  /** Default: none. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
}

export function modernRequest(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  { id = 1, capabilities = {} }: ModernOptions = {},
): ModernRequest {
  const name = params['name'] ?? params['uri'] ?? params['taskId'];
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    },
    message: { jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } },
  };
}

/** Sends one such request, as curl would. */
export async function post(
  url: string,
  method: string,
  params: Readonly<Record<string, unknown>>,
  { headers: more = {}, ...options }: ModernOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ status: number; body: unknown }> {
  const { headers, message } = modernRequest(method, params, options);
  const init = { method: 'POST', headers: { ...headers, ...more }, body: JSON.stringify(message) };
  const response = await loopbackFetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, body: isJson ? (JSON.parse(text) as unknown) : text };
}
