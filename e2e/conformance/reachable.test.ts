import { createServer, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { freePort } from '../cluster/ports.ts';
import { requireMcp } from './reachable.ts';

/** What `requireMcp` says of a server that answers so. */
async function saidOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  const url = `http://127.0.0.1:${port}/mcp`;
  const said = await requireMcp('--url', url).then(
    () => 'nothing',
    (error: Error) => error.message.replace(url, 'URL'),
  );
  server.close();
  return said;
}

const answers =
  (status: number, type: string): RequestListener =>
  (_, response) =>
    response.writeHead(status, { 'content-type': type }).end('{}');

test.each([
  ['an older server', 200, 'text/event-stream', 'nothing'],
  ['one of the newest revision alone', 404, 'application/json', 'nothing'],
  [
    'one that wants tokens',
    401,
    'application/json',
    'URL answers 401 Unauthorized (application/json): the suite has no token',
  ],
  ['one that has had enough', 429, 'application/json', 'URL answers 429 Too Many Requests (application/json): is it'],
  ['a site', 200, 'text/html', 'URL answers 200 OK (text/html): is it the URL of an MCP endpoint?'],
  ['another path', 404, 'text/plain', 'URL answers 404 Not Found (text/plain): is it the URL of an MCP endpoint?'],
])('of %s', async (_who, status, type, said) => {
  expect(await saidOf(answers(status, type))).toContain(said);
});

test('of a server that hangs up, and of nobody', async () => {
  expect(await saidOf((request) => request.destroy())).toContain('URL does not answer: ');
  const nobody = `http://127.0.0.1:${await freePort()}/mcp`;
  await expect(requireMcp('--url', nobody)).rejects.toThrow(`${nobody} does not answer: connect ECONNREFUSED`);
});

test.each(['nope', 'ftp://127.0.0.1/mcp', ''])('of %j, which is no URL of a server', async (url) => {
  await expect(requireMcp('--url', url)).rejects.toThrow(`--url ${url}: give a URL that begins with http`);
});
