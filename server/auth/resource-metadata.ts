/**
 * What a client reads to learn where tokens for this server come from: OAuth 2.0 Protected Resource Metadata (RFC
 * 9728), at the well-known URL of the MCP path. Public, and the same for everybody.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { discardBody } from '../http/body.ts';

export interface ResourceMetadata {
  readonly resource: string;
  readonly resourceName: string;
  readonly authorizationServer: string;
  readonly scopes: readonly string[];
}

/** RFC 9728, 3.1: between the host and the path of the resource. */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

export const metadataText = (metadata: ResourceMetadata): string =>
  JSON.stringify({
    resource: metadata.resource,
    resource_name: metadata.resourceName,
    authorization_servers: [metadata.authorizationServer],
    scopes_supported: metadata.scopes,
    bearer_methods_supported: ['header'],
  });

/** Answers with a document that any web page may read. */
export function sendPublicDocument(
  request: IncomingMessage,
  response: ServerResponse,
  text: string,
  type = 'application/json',
): void {
  discardBody(request);
  const headers = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' };
  if (request.method === 'OPTIONS') {
    const preflight = { 'access-control-allow-methods': 'GET', 'access-control-allow-headers': '*' };
    response.writeHead(204, { ...headers, ...preflight, 'access-control-max-age': '600' }).end();
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...headers, allow: 'GET, HEAD, OPTIONS', 'content-length': 0 }).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'public, max-age=300',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
