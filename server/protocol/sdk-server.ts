/**
 * Binds the dispatch to the SDK's low-level Server: one instance for each request over HTTP and for each connection
 * over stdio, as the SDK demands. The only place, with its two carriers, that knows the SDK.
 */
import { type McpServerFactory, Server, type ServerContext } from '@modelcontextprotocol/server';
import type { Dispatch, Request, Step } from './dispatch.ts';

export interface Identity {
  readonly name: string;
  readonly version: string;
}

export interface SdkServerOptions {
  readonly identity: Identity;
  readonly dispatch: Dispatch;
  readonly transport: 'http' | 'stdio';
  /** Told of failures beside the answers: a client that went away, a notification that could not be sent. */
  readonly onError: (error: Error) => void;
}

/** Lists change only with the configuration, which means another process. */
const TABLE_HINT = { ttlMs: 60_000, cacheScope: 'public' } as const;

/** No instance publishes changes, so neither era may read `listChanged` or `subscribe`. */
export function sdkServerFactory({ identity, dispatch, transport, onError }: SdkServerOptions): McpServerFactory {
  const { table } = dispatch;
  const hasResources = table.resources.size + table.templates.length > 0;
  const hasCompletion = table.templates.some(({ resource }) => resource.complete !== undefined);
  const options = {
    ...(table.instructions === '' ? {} : { instructions: table.instructions }),
    capabilities: {
      tools: { listChanged: false },
      ...(hasResources ? { resources: { listChanged: false, subscribe: false } } : {}),
      ...(hasCompletion ? { completions: {} } : {}),
    },
    cacheHints: {
      'tools/list': TABLE_HINT,
      'resources/templates/list': TABLE_HINT,
      'server/discover': { ttlMs: 300_000, cacheScope: 'public' },
    },
  } as const;

  return () => {
    const server = new Server(identity, options);
    server.onerror = onError;
    server.setRequestHandler('tools/list', async ({ params }, context) => {
      const { items, ...more } = await dispatch.listTools(params?.cursor, plainRequest(context, transport));
      return { tools: [...items], ...more };
    });
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      const { request, settled } = progressRequest(context, transport, onError);
      const answer = await dispatch.callTool(params.name, params.arguments, request);
      await settled();
      return { ...answer };
    });
    if (hasResources) {
      server.setRequestHandler('resources/list', async ({ params }, context) => {
        const { items, ...more } = await dispatch.listResources(params?.cursor, plainRequest(context, transport));
        return { resources: [...items], ...more };
      });
      server.setRequestHandler('resources/templates/list', async ({ params }, context) => {
        const { items, ...more } = await dispatch.listTemplates(params?.cursor, plainRequest(context, transport));
        return { resourceTemplates: [...items], ...more };
      });
      server.setRequestHandler('resources/read', async ({ params }, context) => {
        const { request, settled } = progressRequest(context, transport, onError);
        const content = await dispatch.readResource(params.uri, request);
        await settled();
        return { contents: [content] };
      });
    }
    if (hasCompletion)
      server.setRequestHandler('completion/complete', async ({ params }, context) => {
        const { values, hasMore } = await dispatch.complete(params, plainRequest(context, transport));
        return { completion: { values: [...values], hasMore } };
      });
    return server;
  };
}

/** Nobody is asked who they are yet. */
const ANONYMOUS = { id: 'anonymous' } as const;

function plainRequest(context: ServerContext, transport: 'http' | 'stdio'): Request {
  return { caller: ANONYMOUS, transport, signal: context.mcpReq.signal };
}

/** `settled` resolves when every progress message was handed to the connection, so that none follows the answer. */
function progressRequest(context: ServerContext, transport: 'http' | 'stdio', onError: (error: Error) => void) {
  const progressToken = context.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return { request: plainRequest(context, transport), settled: async () => undefined };
  let sent: Promise<void> = Promise.resolve();
  const progress = (step: Step): void => {
    sent = sent
      .then(() => context.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...step } }))
      .catch((error: unknown) => onError(error instanceof Error ? error : new Error(String(error))));
  };
  return { request: { ...plainRequest(context, transport), progress }, settled: () => sent };
}
