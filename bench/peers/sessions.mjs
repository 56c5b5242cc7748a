/** The echo tool in sessions, one server and transport a session. The two versions of the SDK differ only in their classes. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { echo, identity, json, port, tool } from './tool.mjs';

export function serveSessions(McpServer, Transport) {
  const sessions = new Map();

  async function open() {
    const server = new McpServer(identity);
    server.registerTool('echo', tool, async (given) => echo(given));
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: true,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await server.connect(transport);
    return transport;
  }

  createServer(async (request, response) => {
    const transport = sessions.get(request.headers['mcp-session-id']) ?? (await open());
    await transport.handleRequest(request, response, await json(request));
  }).listen(port, '127.0.0.1');
}
