import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { isForbiddenHost, type Resolve } from './address-guard.ts';
import type { BackendError, Endpoint } from './backend.ts';
import { type HttpOptions, openHttp } from './http.ts';
import { proxyFor } from './proxy.ts';
import { json, type Scripted, startScripted } from './testing/scripted.ts';

const timeouts = { connectMs: 300, firstByteMs: 1_000, idleMs: 1_000, requestMs: 2_000 };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(): Promise<Scripted> {
  const server = await startScripted(() => json({ ok: true }));
  closers.push(() => server.close());
  return server;
}

async function get(url: string, options: HttpOptions = {}, change: Partial<Endpoint> = {}): Promise<string> {
  const http = openHttp({ url, pathPrefix: '', headers: {}, timeouts, ...change }, options);
  closers.push(() => http.shutdown());
  const { exchange } = await http.send({ method: 'GET', path: '/v1/models', maxBytes: 1_000 });
  return (await exchange.read()).toString();
}

const reason = (asked: Promise<string>): Promise<string> =>
  asked.then(
    (text) => text,
    (error: BackendError) => error.reason,
  );

test.for([
  ['169.254.169.254', true],
  ['[::ffff:169.254.169.254]', true],
  ['[fe80::1]', true],
  ['[fd00:ec2::254]', true],
  ['[64:ff9b::a9fe:a9fe]', true],
  ['100.100.100.200', true],
  ['metadata.google.internal.', true],
  ['METADATA.google.internal', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['[fd00::1]', false],
  ['metadata.example.com', false],
] as const)('%s is refused: %s', ([host, forbidden]) => {
  expect(isForbiddenHost(new URL(`http://${host}`).hostname)).toBe(forbidden);
});

test('other spellings of a forbidden address are refused as well', async () => {
  for (const host of ['0xa9fea9fe', '2852039166', '0251.0376.0251.0376']) {
    await expect(get(`http://${host}/`)).rejects.toThrow('link-local or metadata');
  }
});

test('a name is judged by the addresses it has when the connection is made', async () => {
  const server = await serve();
  let address = '127.0.0.1';
  let lookups = 0;
  const resolve: Resolve = (_, callback) => {
    lookups += 1;
    callback(null, [{ address, family: 4 }]);
  };
  expect(await get(`http://model.example:${server.port}`, { resolve })).toBe('{"ok":true}');
  // One lookup, whose address is the one that is used: nothing is looked up again in between.
  expect(lookups).toBe(1);
  address = '169.254.169.254';
  await expect(get(`http://model.example:${server.port}`, { resolve })).rejects.toThrow('link-local or metadata');
});

test('one forbidden address among several refuses the name', async () => {
  const server = await serve();
  const resolve: Resolve = (_, callback) =>
    callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ]);
  expect(await reason(get(`http://model.example:${server.port}`, { resolve }))).toBe('ConnectionRefused');
  expect(server.requests).toHaveLength(0);
});

test('failures to connect are told apart', async () => {
  const server = await serve();
  const closed = await startScripted(() => json({}));
  await closed.close();
  const notFound: Resolve = (_, callback) =>
    callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []);
  expect(await reason(get(closed.url))).toBe('ConnectionRefused');
  expect(await reason(get(server.url.replace('http', 'https')))).toBe('TLSFailed');
  await expect(get('http://nowhere.example', { resolve: notFound })).rejects.toThrow('does not resolve');
});

test('something that speaks no HTTP is a bad response', async () => {
  const tcp = createTcpServer((socket) => socket.on('data', () => socket.end('SSH-2.0-OpenSSH\r\n')));
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => tcp.close(() => resolve())));
  expect(await reason(get(`http://127.0.0.1:${(tcp.address() as AddressInfo).port}`))).toBe('BadResponse');
});

test('a credential that no header can carry fails without being shown', async () => {
  const server = await serve();
  const credential = async () => ({ header: 'authorization', value: 'Bearer se\r\ncret' });
  const failed = await get(server.url, {}, { credential }).catch((error: BackendError) => error);
  expect(failed).toMatchObject({ reason: 'BadRequest' });
  expect(JSON.stringify(failed) + String(failed)).not.toContain('cret');
});

test('a slow reader holds up the sender, and is not taken for an idle one', async () => {
  let written = 0;
  const piece = new Uint8Array(1024 * 1024);
  const pieces = Array.from({ length: 64 }, () => [piece, async () => (written += 1)] as const).flat();
  const server = await startScripted(() => ({ steps: pieces }));
  closers.push(() => server.close());
  const http = openHttp({ url: server.url, pathPrefix: '', headers: {}, timeouts: { ...timeouts, idleMs: 100 } });
  closers.push(() => http.shutdown());
  const { exchange } = await http.send({ method: 'GET', path: '/', maxBytes: 128 * 1024 * 1024 });
  let read = (await exchange.next())?.length ?? 0;
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The buffers of two sockets hold some of it.
  expect(written).toBeLessThan(48);
  for (let chunk = await exchange.next(); chunk !== undefined; chunk = await exchange.next()) read += chunk.length;
  expect(read).toBe(64 * 1024 * 1024);
});

/** A forward proxy: absolute requests for http, CONNECT for the rest. */
async function startProxy(credentials?: string) {
  const seen: string[] = [];
  const allowed = (header: string | undefined): boolean =>
    credentials === undefined || header === `Basic ${Buffer.from(credentials).toString('base64')}`;
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (!allowed(request.headers['proxy-authorization'])) response.writeHead(407).end();
    else response.end(`through the proxy to ${request.url}`);
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    const [host, port] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => end.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => proxy.close(() => resolve())));
  return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
}

test('plain http goes through a forward proxy as an absolute request', async () => {
  const proxy = await startProxy('user:pass');
  const asked = get('http://model.example:8000', { proxy: { http: `http://user:pass@${proxy.url}` } });
  expect(await asked).toBe('through the proxy to http://model.example:8000/v1/models');
});

test('https goes through a proxy by CONNECT', async () => {
  const server = await serve();
  const proxy = await startProxy();
  const url = server.url.replace('http', 'https');
  // The scripted server speaks no TLS, which is found out through the tunnel.
  expect(await reason(get(url, { proxy: { https: `http://${proxy.url}` } }))).toBe('TLSFailed');
  expect(proxy.seen).toEqual([`CONNECT 127.0.0.1:${server.port}`]);
});

test('a proxy does not lead to forbidden addresses, and its refusal is an error', async () => {
  const proxy = await startProxy('user:pass');
  const through = { proxy: { http: `http://${proxy.url}` } };
  await expect(get('http://169.254.169.254', through)).rejects.toThrow('link-local or metadata');
  expect(proxy.seen).toEqual([]);
  expect(await reason(get('http://model.example', through))).not.toContain('proxy');
});

test.for<[string, string, boolean]>([
  ['http://a.svc.cluster.local', '.svc,.cluster.local', true],
  ['http://cluster.local', '.cluster.local', true],
  ['http://mycluster.local', 'cluster.local', false],
  ['http://10.1.2.3:8000', '10.0.0.0/8', true],
  ['http://11.1.2.3', '10.0.0.0/8', false],
  ['http://[fd00::1]', 'fd00::/8', true],
  ['http://[::1]:80', '::1', true],
  ['http://a.example:8000', 'a.example:8000', true],
  ['http://a.example:9000', 'a.example:8000', false],
  ['https://anything', '*', true],
])('%s with NO_PROXY %s is reached directly: %s', ([url, none, direct]) => {
  const chosen = proxyFor(new URL(url), { http: 'http://p:1', https: 'http://p:2', none });
  expect(chosen === undefined).toBe(direct);
});
