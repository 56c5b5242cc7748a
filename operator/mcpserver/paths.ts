/**
 * The paths at which clients outside the cluster reach a server: the one MCP endpoint, and what OAuth puts at fixed
 * places of the host for clients that have to get a token.
 */
import { ISSUER_PATHS } from '#crds/auth.ts';
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import { publicUrl } from '#server/config-from-spec.ts';

/** RFC 9728 §3.1: before the path of the resource. */
const RESOURCE_METADATA = '/.well-known/oauth-protected-resource';

export function ingressPaths(spec: McpServerSpec): readonly string[] {
  const { auth, exposure } = spec;
  if (auth.type !== 'JWT' && auth.type !== 'BuiltIn') return [exposure.path];
  const url = publicUrl(spec);
  const resources = [exposure.path, ...(url === undefined ? [] : [new URL(url).pathname])];
  const metadata = resources.map((path) => (path === '/' ? RESOURCE_METADATA : `${RESOURCE_METADATA}${path}`));
  return [...new Set([exposure.path, ...metadata, ...(auth.type === 'BuiltIn' ? ISSUER_PATHS : [])])];
}
