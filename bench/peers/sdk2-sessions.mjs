/** The official SDK, version 2, with its session transport of the older revisions. */
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { serveSessions } from './sessions.mjs';

serveSessions(McpServer, NodeStreamableHTTPServerTransport);
