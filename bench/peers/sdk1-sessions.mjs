/** The official SDK, version 1, with sessions. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { serveSessions } from './sessions.mjs';

serveSessions(McpServer, StreamableHTTPServerTransport);
