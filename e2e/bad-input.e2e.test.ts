/** Whatever is sent through the ingress: the protocol's own error, nothing written, and the process lives on. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectModern, loopbackFetch, type McpClient, modernRequest } from './clients.ts';
import { exposedIn, mcpServer } from './manifests.ts';
import { incarnation, podsOf } from './pods.ts';
import { ingressUrl, untilCondition, useWorld } from './world.ts';

const world = useWorld('bad-input', 'ingress', 'pods');
let url: string;
let client: McpClient;
let process: string;

beforeAll(async () => {
  if (!world.possible) return;
  await world.kube.apply(mcpServer('target', exposedIn(world.namespace)));
  await untilCondition(world, 'mcpservers', 'target', { type: 'Ready', status: 'True' }, 60_000);
  url = await ingressUrl(world, 'target');
  client = await connectModern(url);
  await client.callTool('create_task', { title: 'the only one' });
  process = incarnation(await podsOf(world, 'target'));
});
afterAll(async () => {
  await client?.close();
});

const call = (name: string, args: unknown) => modernRequest('tools/call', { name, arguments: args }).message;
const written = call('create_task', { title: 'must not be' });
const { headers } = modernRequest('tools/call', { name: 'create_task' });

interface Answer {
  readonly status: number;
  readonly body: {
    readonly error?: { readonly code: number; readonly message: string };
    readonly result?: { readonly isError?: boolean; readonly content: readonly { readonly text: string }[] };
  };
}

async function send(body: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await loopbackFetch(url, { method: 'POST', headers: { ...headers, ...more }, body });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

describe('refused, and nothing is written', () => {
  const text = JSON.stringify(written);
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const rows: readonly (readonly [string, string, Readonly<Record<string, string>>, number, number])[] = [
    ['malformed JSON', text.slice(0, -1), {}, 400, -32_700],
    ['bytes that are no JSON at all', 'hello', {}, 400, -32_700],
    ['an empty body', '', {}, 400, -32_700],
    ['a body of 5 MB', JSON.stringify(call('create_task', { title: 'x'.repeat(5 << 20) })), {}, 413, -32_000],
    ['a depth of 10 000', text.replace('"must not be"', deep), {}, 400, -32_600],
    ['a content type that is not JSON', text, { 'content-type': 'text/plain' }, 415, -32_000],
    ['a foreign Origin', text, { origin: 'https://evil.example' }, 403, -32_000],
    ['the Origin null', text, { origin: 'null' }, 403, -32_000],
    ['a batch', `[${text}]`, {}, 400, -32_600],
    ['a header that names another method', text, { 'mcp-method': 'tools/list' }, 400, -32_020],
    ['a header that names another tool', text, { 'mcp-name': 'list_tasks' }, 400, -32_020],
    ['a protocol version that does not exist', text, { 'mcp-protocol-version': '1999-01-01' }, 400, -32_020],
    [
      'a method that does not exist',
      text.replace('tools/call', 'tools/destroy'),
      { 'mcp-method': 'tools/destroy' },
      404,
      -32_601,
    ],
    ['an unknown tool', text.replace('create_task', 'drop_tables'), { 'mcp-name': 'drop_tables' }, 200, -32_602],
  ];
  test.each(rows)('%s', async (_, body, more, status, code) => {
    const answer = await send(body, more);
    expect({ status: answer.status, code: answer.body.error?.code }).toEqual({ status, code });
  });

  test.each([
    ['an argument that is missing', {}, 'title is required'],
    ['an argument of another type', { title: 7 }, 'title'],
    ['an argument that the tool does not know', { title: 'must not be', colour: 'red' }, '"colour"'],
    ['a value that is not allowed', { title: 'must not be', priority: 'whenever' }, 'priority'],
    [
      'arguments that would change every object',
      JSON.parse('{"__proto__": {"title": "must not be"}}'),
      'title is required',
    ],
  ])('%s is told to the model in a sentence', async (_, args: unknown, word) => {
    const { status, body } = await send(JSON.stringify(call('create_task', args)));
    expect(status).toBe(200);
    expect(body.result?.isError).toBe(true);
    expect(body.result?.content[0]?.text).toContain(word);
  });

  test('methods of HTTP other than POST', async () => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const response = await loopbackFetch(url, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toContain('POST');
    }
  });

  test('a Host that is not its own, straight at the Service, as a page in a browser would after DNS rebinding', async () => {
    const forward = await world.cluster.forward({ namespace: world.namespace, service: 'target', port: 80 });
    try {
      const own = `target.${world.namespace}.svc`;
      expect(await statusFor(forward.port, own)).toBe(200);
      for (const host of ['evil.example', '127.0.0.1.evil.example', `${own}.evil.example`])
        expect({ host, status: await statusFor(forward.port, host) }).toEqual({ host, status: 403 });
    } finally {
      await forward.close();
    }
  });
});

/** A harmless call with this Host. */
function statusFor(port: number, host: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const to = { host: '127.0.0.1', port, path: '/mcp', method: 'POST', agent: false };
  const outgoing = request({ ...to, headers: { ...headers, 'mcp-name': 'list_tasks', host } }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  outgoing.on('error', reject);
  outgoing.end(JSON.stringify(call('list_tasks', {})));
  return promise;
}

test('after all that the same process serves, with what it had', async () => {
  const { structured } = await client.callTool('list_tasks', {});
  expect((structured['tasks'] as { title: string }[]).map(({ title }) => title)).toEqual(['the only one']);
  expect(incarnation(await podsOf(world, 'target'))).toBe(process);
});
