/**
 * A real HTTP server on loopback whose answers a test writes, byte by byte: for the
 * wire bodies of engines and for the ways in which they fail. Must not know any
 * protocol above HTTP.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Leaves the connection open and silent. */
export const SILENCE = Symbol('silence');
/** Cuts the connection. */
export const CUT = Symbol('cut');
type Failure = typeof SILENCE | typeof CUT;

export type Step = string | Uint8Array | (() => Promise<unknown>) | Failure;

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written one after the other, each flushed; a function is awaited. */
  readonly steps: readonly Step[];
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export type Script = (request: Seen, index: number) => Reply | Failure;

export interface Scripted {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly Seen[];
  /** Connections that are open now. */
  connections(): number;
  /** Resolves when the client has given up a request that was not answered completely. */
  readonly abandoned: Promise<void>;
  readonly answer: (script: Script) => void;
  close(): Promise<void>;
}

export const json = (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  steps: [JSON.stringify(value)],
});

export const stream = (steps: readonly Step[]): Reply => ({ headers: { 'content-type': 'text/event-stream' }, steps });

export const event = (value: unknown): string =>
  `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;

export async function startScripted(script: Script): Promise<Scripted> {
  const requests: Seen[] = [];
  const sockets = new Set<Socket>();
  const abandoned = Promise.withResolvers<void>();
  let current = script;
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) abandoned.resolve();
    });
    void readAll(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const seen = { method, path: url, headers, body };
      requests.push(seen);
      return play(response, current(seen, requests.length - 1));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => sockets.size,
    abandoned: abandoned.promise,
    answer(next) {
      current = next;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function play(response: ServerResponse, reply: Reply | Failure): Promise<void> {
  if (reply === SILENCE) return;
  if (reply === CUT) {
    response.destroy();
    return;
  }
  response.writeHead(reply.status ?? 200, reply.headers);
  for (const step of reply.steps) {
    if (response.destroyed || step === SILENCE) return;
    if (step === CUT) {
      // Destroying at once would lose what is still in the buffer.
      await new Promise<void>((resolve) => response.write('', () => resolve()));
      response.destroy();
      return;
    }
    if (typeof step === 'function') await step();
    else await new Promise<void>((resolve) => response.write(step, () => resolve()));
  }
  response.end();
}
