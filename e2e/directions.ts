/**
 * What a person who has a server and a cluster types next: curl, kubectl, Claude. Pure; a test runs what it says.
 */
import { modernRequest } from './clients.ts';
import type { Cluster } from './cluster/provider.ts';

export function directions(url: string, { kubeconfig, binaries }: Pick<Cluster, 'kubeconfig' | 'binaries'>): string {
  const { headers, message } = modernRequest('tools/list');
  const flags = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`);
  return `
The server is at ${url}

  curl     curl -s ${url} ${flags.slice(0, 2).join(' ')} \\
             ${flags.slice(2).join(' ')} -d '${JSON.stringify(message)}'
  kubectl  export KUBECONFIG=${kubeconfig}
           ${binaries.kubectl} get mcpservers,modelbackends
  Claude   claude mcp add --transport http assistant ${url}
           (Claude Desktop, Cursor, VS Code: npm run client-config -- --url ${url})
`;
}
