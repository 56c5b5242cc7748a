/**
 * The least that a server on node:http can do, as a process. `PORT echo` parses a call and answers the same JSON as an
 * MCP server; `PORT fixed FILE` reads the body and answers a file; `PORT streams` holds event streams open and sends one
 * event to all of them when it is called otherwise. Checks nothing.
 */
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';

const [port, kind, file] = process.argv.slice(2);

interface CallBody {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly arguments: { readonly text: string } };
}

function send(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function echo(response: ServerResponse, body: string): void {
  const { id, params } = JSON.parse(body) as CallBody;
  const { text } = params.arguments;
  const result = {
    resultType: 'complete',
    content: [{ type: 'text', text: JSON.stringify({ text }) }],
    structuredContent: { text },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bench', version: '0.0.0' } },
  };
  send(response, JSON.stringify({ jsonrpc: '2.0', id, result }));
}

const open = new Set<ServerResponse>();

function event(method: string): string {
  const params = { _meta: { 'io.modelcontextprotocol/subscriptionId': 1 } };
  return `data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`;
}

function stream(response: ServerResponse, body: string): void {
  if ((JSON.parse(body) as CallBody).method === 'subscriptions/listen') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(event('notifications/subscriptions/acknowledged'));
    open.add(response);
    response.on('close', () => open.delete(response));
    return;
  }
  const changed = event('notifications/tools/list_changed');
  for (const other of open) other.write(changed);
  send(response, '{}');
}

const fixed = file === undefined ? '' : readFileSync(file, 'utf8');

createServer((request, response) => {
  if (kind === 'fixed') {
    request.resume();
    request.on('end', () => send(response, fixed));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)).toString();
    if (kind === 'streams') stream(response, body);
    else echo(response, body);
  });
}).listen(Number(port), '127.0.0.1', 4096);
