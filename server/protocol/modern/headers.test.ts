/**
 * Headers that repeat the body, as bytes: fetch would not send most of these. The revision has header values of visible
 * ASCII, spaces and tabs, and everything else as Base64.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../../http/raw.testing.ts';
import { everything } from '../../toolsets/everything/toolset.ts';
import { serveModern, type TestServer } from './server.testing.ts';

const META = 'io.modelcontextprotocol/';
const _meta = { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientCapabilities`]: {} };
let server: TestServer;
beforeAll(async () => {
  server = await serveModern(everything, await everything.open({} as never));
});
afterAll(() => server.close());

interface Sent {
  readonly method: string;
  readonly params: object;
  /** One byte a character. */
  readonly headers: readonly string[];
}

async function answerTo({ method, params, headers }: Sent): Promise<{ status: number; code: number | undefined }> {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta } }));
  const head = [
    'POST /mcp HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'MCP-Protocol-Version: 2026-07-28',
    `Mcp-Method: ${method}`,
    ...headers,
    '\r\n',
  ].join('\r\n');
  const answer = await sendRaw(server.url, Buffer.concat([Buffer.from(head, 'latin1'), body]));
  const status = Number(answer.split(' ')[1]);
  const { error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { error?: { code: number } };
  return { status, code: error?.code };
}

const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;
const read = (uri: string, header: string): Sent => ({
  method: 'resources/read',
  params: { uri },
  headers: [`Mcp-Name: ${header}`],
});
const prompt = (name: string, header: string): Sent => ({
  method: 'prompts/get',
  params: { name },
  headers: [`Mcp-Name: ${header}`],
});
const tool = (region: string | undefined, ...headers: readonly string[]): Sent => ({
  method: 'tools/call',
  params: { name: 'test_x_mcp_header', arguments: region === undefined ? {} : { region } },
  headers: ['Mcp-Name: test_x_mcp_header', ...headers],
});
const templated = (value: string): string => `test://template/${value}/data`;

describe('a header passes', () => {
  test.each<[string, Sent]>([
    ['that is plain text', read(templated('a'), templated('a'))],
    ['with spaces around it, which belong to HTTP', read(templated('a'), `  ${templated('a')} \t`)],
    ['in Base64', read(templated('é'), encoded(templated('é')))],
    ['in Base64 without need', read(templated('a'), encoded(templated('a')))],
    ['of an argument in Base64', tool('é', `Mcp-Param-Region: ${encoded('é')}`)],
    ['of an argument with a space and a tab', tool('a \tb', 'Mcp-Param-Region: a \tb')],
    [
      'of an argument that looks like Base64, in Base64',
      tool('=?base64?SGk=?=', `Mcp-Param-Region: ${encoded('=?base64?SGk=?=')}`),
    ],
    ['of an argument that only begins like Base64', tool('=?base64?SGk=', 'Mcp-Param-Region: =?base64?SGk=')],
    ['that stands for no argument', tool('a', 'Mcp-Param-Region: a', 'Mcp-Param-Other: \xE9')],
  ])('%s', async (_name, sent) => {
    expect(await answerTo(sent)).toEqual({ status: 200, code: undefined });
  });
});

describe('a header is refused', () => {
  test.each<[string, Sent]>([
    ['with a byte beyond ASCII, though the body has the same character', read(templated('é'), templated('\xE9'))],
    ['with bytes of UTF-8', read(templated('é'), templated('\xC3\xA9'))],
    ['with a space beyond ASCII behind it', read(templated('a'), `${templated('a')}\xA0`)],
    ['with a byte beyond ASCII that names no prompt', prompt('é', '\xE9')],
    ['whose Base64 is the name in the body, not decoded', read('=?base64?Zm9v?=', '=?base64?Zm9v?=')],
    ['whose Base64 is the name of a prompt, not decoded', prompt('=?base64?Zm9v?=', '=?base64?Zm9v?=')],
    ['of an argument with a byte beyond ASCII', tool('é', 'Mcp-Param-Region: \xE9')],
    ['of an argument with a control character', tool('a\x85b', 'Mcp-Param-Region: a\x85b')],
    ['of an argument that the body does not hold, with a byte beyond ASCII', tool(undefined, 'Mcp-Param-Region: \xE9')],
    [
      'of an argument whose Base64 is the value in the body, not decoded',
      tool('=?base64?Zm9v?=', 'Mcp-Param-Region: =?base64?Zm9v?='),
    ],
  ])('%s', async (_name, sent) => {
    expect(await answerTo(sent)).toEqual({ status: 400, code: -32020 });
  });
});
