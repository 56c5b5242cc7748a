/**
 * The server card (SEP-2127, experimental): what a client may know before it connects, which is where the server is and which
 * revisions it speaks. Public, the same for everybody, and without any word of what the server can do: that is for those
 * who may call it.
 */
import type { ServerConfig } from '../config.ts';
import { REVISIONS } from '../protocol/request.ts';

export const CARD_TYPE = 'application/mcp-server-card+json';
const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json';
const MAX_DESCRIPTION = 100;

/** The proposal puts it below the endpoint. */
export const cardPath = (mcpPath: string): string => `${mcpPath === '/' ? '' : mcpPath}/server-card`;

/** As JSON text. Undefined where nobody knows how the server is reached from outside. */
export function serverCard({ name, mcp, auth }: ServerConfig, version: string): string | undefined {
  if (mcp.publicUrl === undefined) return undefined;
  const { hostname } = new URL(mcp.publicUrl);
  const token = {
    name: 'Authorization',
    description: 'Bearer and an access token',
    isRequired: true,
    isSecret: true,
  };
  return JSON.stringify({
    $schema: SCHEMA,
    name: `${namespaceOf(hostname)}/${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`,
    version,
    description: `The MCP server ${name}`.slice(0, MAX_DESCRIPTION),
    remotes: [
      {
        type: 'streamable-http',
        url: mcp.publicUrl,
        ...(auth.type === 'None' ? {} : { headers: [token] }),
        supportedProtocolVersions: REVISIONS,
      },
    ],
  });
}

/** Names from the outermost domain inwards; addresses have none and stay as they are. */
function namespaceOf(hostname: string): string {
  if (/^[\d.]+$|^\[/.test(hostname)) return hostname.replaceAll(/[^A-Za-z0-9.-]/g, '-');
  return hostname.split('.').reverse().join('.');
}
