/**
 * MCP over the process's stdin and stdout, both eras; the connection's first message decides which. Nothing else may
 * write to stdout.
 */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Logger } from 'pino';
import type { Dispatch } from './dispatch.ts';
import { type Identity, sdkServerFactory } from './sdk-server.ts';

export interface StdioEndpoint {
  close(): Promise<void>;
}

export interface StdioEndpointOptions {
  readonly identity: Identity;
  readonly dispatch: Dispatch;
  readonly log: Logger;
}

export function createStdioEndpoint({ identity, dispatch, log }: StdioEndpointOptions): StdioEndpoint {
  const onError = (error: Error): void => log.debug({ error }, 'protocol');
  return serveStdio(sdkServerFactory({ identity, dispatch, transport: 'stdio', onError }), {
    maxSubscriptions: 0,
    onerror: onError,
  });
}
