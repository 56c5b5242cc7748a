/**
 * Node's HTTP, without what an `import` of it brings along: that reads every export, and the one for WebSockets loads
 * a second HTTP client, which costs a starting process some 40 ms and 14 MB (Node 24).
 */
export const { Agent, createServer, IncomingMessage, request } = process.getBuiltinModule('node:http');
export type IncomingMessage = InstanceType<typeof IncomingMessage>;
