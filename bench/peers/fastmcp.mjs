/** The npm package fastmcp in its stateless mode. */
import { FastMCP } from 'fastmcp';
import { input, output, port, tool } from './tool.mjs';

const server = new FastMCP({ name: 'peer', version: '1.0.0', ping: { enabled: false } });
server.addTool({
  name: 'echo',
  description: tool.description,
  parameters: input,
  outputSchema: output,
  execute: async ({ text }) => ({ text }),
});
await server.start({
  transportType: 'httpStream',
  httpStream: { port, host: '127.0.0.1', endpoint: '/mcp', stateless: true, enableJsonResponse: true },
});
