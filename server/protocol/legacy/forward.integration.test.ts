/**
 * Several servers behind a proxy that sends every request somewhere else than the one before.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createLocalBus } from '../../events/event.ts';
import { createLog } from '../../telemetry/log.ts';
import { connectV1, connectV2 } from '../clients.testing.ts';
import { openSealer, type Sealer } from '../sealing.ts';
import { answerOf, call, eventsOf, openSession, request, send } from './raw.testing.ts';
import { type RoundRobin, startRoundRobin } from './round-robin.testing.ts';
import { type LegacyServer, startLegacyServer } from './server.testing.ts';
import { mintSessionId } from './session-id.ts';

const silent = createLog({ level: 'silent', destination: 'stderr' });
const now = (): Date => new Date();

let sealer: Sealer;
let pods: LegacyServer[];
let proxy: RoundRobin;
let url: string;

beforeEach(async () => {
  sealer = openSealer({ now, log: silent });
  const bus = createLocalBus();
  pods = await Promise.all([1, 2, 3].map(() => startLegacyServer({ sealer, bus })));
  proxy = await startRoundRobin(pods.map((pod) => pod.url));
  url = `${proxy.origin}/mcp`;
});
afterEach(async () => {
  await proxy.close();
  await Promise.all(pods.map((pod) => pod.close('at once')));
});

/** How many pods have sessions. */
const sessions = (): number[] => pods.map(({ endpoint }) => endpoint.sessions);

describe('behind a proxy that does not know sessions', () => {
  test.each([
    ['1.x', connectV1],
    ['2.x', (to: string) => connectV2(to, 'legacy')],
  ] as const)('clients %s work as with one server', async (_name, connect) => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => connect(url)));
    expect(sessions().reduce((a, b) => a + b)).toBe(6);
    const answers = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 10 }, () => client.callTool({ name: 'work', arguments: { ms: 5 } })),
      ),
    );
    expect(answers.map(({ content }) => (content as { text: string }[])[0]?.text)).toEqual(answers.map(() => 'worked'));
    expect(Math.min(...proxy.hits)).toBeGreaterThan(20);
    for (const client of clients) await client.close();
  });

  test('progress, questions and their answers, changes, resuming and DELETE find the session', async () => {
    const session = await openSession(url, { capabilities: { elicitation: {} } });
    for (let i = 0; i < 3; i += 1) {
      const response = await send(url, call(i, 'ask_name'), { session });
      const texts: unknown[] = [];
      for await (const { message } of eventsOf(response)) {
        if (message?.['method'] !== 'elicitation/create') texts.push(message?.['result']);
        else {
          const answer = { jsonrpc: '2.0', id: message['id'], result: { action: 'accept', content: { name: 'Eve' } } };
          await send(url, answer, { session });
        }
      }
      expect(JSON.stringify(texts)).toContain('Hello Eve');
    }

    const listening = eventsOf(await send(url, undefined, { session, method: 'GET' }));
    const heard = (async () => {
      for await (const { message } of listening) if (message) return message['method'];
      return undefined;
    })();
    await answerOf(await send(url, call(7, 'change'), { session }));
    expect(await heard).toBe('notifications/tools/list_changed');

    let last = '';
    for await (const { id } of eventsOf(await send(url, call(8, 'come_back', { ms: 30 }), { session })))
      last = id ?? '';
    const again = await send(url, undefined, { session, method: 'GET', headers: { 'last-event-id': last } });
    expect((await answerOf(again)).messages).toMatchObject([{ id: 8, result: {} }]);

    expect((await send(url, undefined, { session, method: 'DELETE' })).status).toBe(200);
    expect(sessions()).toEqual([0, 0, 0]);
    for (let i = 0; i < 3; i += 1) expect((await send(url, request(i, 'ping'), { session })).status).toBe(404);
  });

  test('another caller does not reach a session through another pod', async () => {
    const session = await openSession(url, { headers: { authorization: 'Bearer ada' } });
    for (let i = 0; i < 3; i += 1)
      expect((await send(url, request(i, 'ping'), { session, headers: { authorization: 'Bearer bob' } })).status).toBe(
        404,
      );
  });

  test('a client that goes away while a call is forwarded ends it', async () => {
    const session = await openSession(url);
    const hangUp = new AbortController();
    const called = send(url, call(1, 'work', { ms: 10_000 }), { session, signal: hangUp.signal });
    called.catch(() => undefined);
    await expect.poll(() => pods.flatMap(({ seen }) => seen)).toContain('started');
    hangUp.abort();
    await expect.poll(() => pods.flatMap(({ seen }) => seen)).toEqual(['started', 'aborted']);
  });

  test('a whole answer comes through whole, and says how long it is', async () => {
    const session = await openSession(url);
    const through = new URL(pods[(sessions().indexOf(1) + 1) % 3]?.url ?? '');
    const body = JSON.stringify(call(1, 'work', { ms: 20 }));
    const socket = connect(Number(through.port), through.hostname);
    const lines = [
      'content-type: application/json',
      'accept: application/json, text/event-stream',
      `mcp-session-id: ${session}`,
    ];
    socket.write(
      `POST /mcp HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const [piece] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    const [head = '', rest = ''] = piece.toString().split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 200 OK\r\n[^]*content-length: ${rest.length}(\r\n|$)`, 'i'));
    expect(JSON.parse(rest)).toMatchObject({ id: 1, result: {} });
  });

  test('a stream through a pod that stops ends there in order, and the session lives on', async () => {
    const session = await openSession(url);
    const owner = sessions().indexOf(1);
    const [through, another] = pods.filter((_, i) => i !== owner);
    const listening = eventsOf(await send(through?.url ?? '', undefined, { session, method: 'GET' }));
    const { value: first } = await listening.next();
    await through?.endpoint.close();
    expect(await listening.next()).toEqual({ done: true, value: undefined });

    const resumed = await send(another?.url ?? '', undefined, {
      session,
      method: 'GET',
      headers: { 'last-event-id': first?.id ?? '' },
    });
    await answerOf(await send(url, call(1, 'change'), { session }));
    expect((await eventsOf(resumed).next()).value?.message).toMatchObject({
      method: 'notifications/tools/list_changed',
    });
  });

  test('when the pod of a session is gone the others say so, and a new session is opened', async () => {
    const session = await openSession(url);
    const owner = pods[sessions().indexOf(1)];
    const others = pods.filter((pod) => pod !== owner);
    const listening = await send(others[0]?.url ?? '', undefined, { session, method: 'GET' });
    const events: unknown[] = [];
    const broken = (async () => {
      for await (const { message } of eventsOf(listening)) events.push(message);
    })().catch(() => 'broken');
    await expect.poll(() => events).toEqual([undefined]);
    await owner?.close('at once');
    expect(await broken).toBe('broken');
    for (const { url: other } of others) {
      const { status, messages } = await answerOf(await send(other, request(1, 'ping'), { session }));
      expect(status).toBe(404);
      expect(messages).toMatchObject([{ error: { code: -32001, message: 'Session not found' } }]);
    }
    expect(await openSession(others[0]?.url ?? '')).not.toBe(session);
  });
});

test('nobody is dialled for a session id that this fleet did not make', async () => {
  let dialled = 0;
  const stranger = createServer((_request, response) => {
    dialled += 1;
    response.end('secret');
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  const foreign = mintSessionId(openSealer({ now, log: silent }), address);
  const ours = mintSessionId(sealer, address);
  const payload = Buffer.from(JSON.stringify({ pod: address, id: 'x' })).toString('base64url');
  const pod = pods[0]?.url ?? '';
  const status = async (session: string, headers = {}) =>
    (await send(pod, request(1, 'ping'), { session, headers })).status;
  for (const session of [foreign, payload, `${payload}.`, `${payload}.${ours.split('.')[1]}`, address, `${ours}.x`])
    expect(await status(session)).toBe(404);
  expect(await status(ours, { 'x-mcp-fleet-forwarded': '1' })).toBe(404);
  expect(dialled).toBe(0);
  expect(await status(ours)).toBe(200);
  expect(dialled).toBe(1);
  await new Promise((resolve) => stranger.close(resolve));
});

test('a session of a pod that takes no connections is unknown within seconds', async () => {
  const port = await startUnreachable();
  const before = performance.now();
  const session = mintSessionId(sealer, `127.0.0.1:${port}`);
  expect((await send(pods[0]?.url ?? '', request(1, 'ping'), { session })).status).toBe(404);
  const waited = performance.now() - before;
  // As long as a connection may take, so nobody refused it.
  expect(waited).toBeGreaterThan(1_500);
  expect(waited).toBeLessThan(10_000);
});

/** A port whose queue of connections is full and whose process stands still: whoever connects waits. */
async function startUnreachable(): Promise<number> {
  const listen = `require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})`;
  // The kernel ends it with the test process, whatever becomes of that.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, '-e', listen]);
  const waiting: Socket[] = [];
  onTestFinished(() => {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
  });
  const port = Number(String(((await once(child.stdout, 'data')) as [Buffer])[0]));
  child.kill('SIGSTOP');
  // One more than the backlog, which Linux counts from zero.
  for (let n = 0; n < 2; n += 1) {
    const socket = connect(port, '127.0.0.1');
    waiting.push(socket);
    await once(socket, 'connect');
  }
  return port;
}
