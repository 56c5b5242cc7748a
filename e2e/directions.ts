/**
 * What a person who has a server and a cluster types next: curl, kubectl, Claude. Pure; a test runs what it says.
 */
import type { Cluster } from './cluster/provider.ts';

export function directions(url: string, { kubeconfig, binaries }: Pick<Cluster, 'kubeconfig' | 'binaries'>): string {
  const request = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  });
  return `
The server is at ${url}

  curl     curl -s ${url} -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' \\
             -H 'mcp-protocol-version: 2026-07-28' -H 'mcp-method: tools/list' -d '${request}'
  kubectl  export KUBECONFIG=${kubeconfig}
           ${binaries.kubectl} get mcpservers,modelbackends
  Claude   claude mcp add --transport http assistant ${url}
           (Claude Desktop, Cursor, VS Code: npm run client-config -- --url ${url})
`;
}
