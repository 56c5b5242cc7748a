/**
 * What a registry of MCP servers is told of the server image (`server.json`): how a client runs it on a laptop over stdio,
 * and how it reaches a fleet. Format: https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json.
 * Knows neither where the image is nor its version.
 */

/** A domain's owner is the only one who may publish below its name, written from the outermost part inwards. */
export const REGISTRY_NAME = 'dev.mcpfleet/server';
/** A label of the image by which the official registry sees that it belongs to the entry of that name. */
export const REGISTRY_LABEL = 'io.modelcontextprotocol.server.name';

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json';

export interface ServerRelease {
  readonly version: string;
  /** With domain and tag, such as `ghcr.io/acme/mcp-fleet/server:1.0.0`. */
  readonly image: string;
}

export function registryEntry({ version, image }: ServerRelease): string {
  const entry = {
    $schema: SCHEMA,
    name: REGISTRY_NAME,
    title: 'mcp-fleet',
    description: 'MCP servers on Kubernetes with models behind them: a toolset, a store, any number of pods',
    version,
    packages: [
      {
        registryType: 'oci',
        identifier: image,
        runtimeHint: 'docker',
        transport: { type: 'stdio' },
        runtimeArguments: [
          { type: 'named', name: '--entrypoint', value: 'node' },
          {
            type: 'named',
            name: '--mount',
            value: 'type=bind,src={manifests},dst=/manifests,readonly',
            isRequired: true,
            variables: {
              manifests: {
                description: 'File or folder with an McpServer and its ModelBackends, as a cluster gets them',
                format: 'filepath',
                isRequired: true,
              },
            },
          },
        ],
        packageArguments: [
          { type: 'positional', value: '/app/stdio.mjs' },
          { type: 'named', name: '--file', value: '/manifests' },
          {
            type: 'named',
            name: '--data',
            value: '/tmp/mcp-fleet.db',
            description: 'Lasts as long as the container, for a store that is not PostgreSQL',
          },
        ],
        environmentVariables: [
          { name: 'OPENAI_BASE_URL', description: 'Endpoint of a model, where the manifests name none' },
          { name: 'OPENAI_API_KEY', description: 'Its key', isSecret: true },
          { name: 'OPENAI_MODEL', description: 'The model; the first that the endpoint lists without it' },
        ],
      },
    ],
    remotes: [
      {
        type: 'streamable-http',
        url: 'https://{host}/mcp',
        variables: {
          host: {
            description: 'Host of an McpServer, as in spec.exposure.host',
            placeholder: 'assistant.example.com',
            isRequired: true,
          },
        },
        headers: [
          {
            name: 'Authorization',
            description: 'Bearer and an access token, where the server asks for one and the client cannot sign in',
            isSecret: true,
          },
        ],
      },
    ],
  };
  return `${JSON.stringify(entry, undefined, 2)}\n`;
}
