/** The official SDK, version 1, as its documentation serves without sessions: server and transport for each request. */
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { echo, identity, json, port, tool } from './tool.mjs';

createServer(async (request, response) => {
  const server = new McpServer(identity);
  server.registerTool('echo', tool, async (given) => echo(given));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  response.on('close', () => {
    void transport.close();
    void server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, await json(request));
}).listen(port, '127.0.0.1');
