/** The official SDK, version 2, as its documentation serves 2026-07-28: a server for each request, no session. */
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { echo, identity, json, names, port, tool } from './tool.mjs';

const handler = createMcpHandler(() => {
  const server = new McpServer(identity);
  for (const name of names) server.registerTool(name, tool, async (given) => echo(given));
  return server;
});
const handle = toNodeHandler(handler);

createServer(async (request, response) => handle(request, response, await json(request))).listen(port, '127.0.0.1');
