/**
 * A door in front of a server on loopback: its port stays the same while it is shut and opened again, as the address of
 * a backend does while its server is gone.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Ends every connection; new ones are refused. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startGate(to: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(to, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
      socket.pipe(other);
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    shut,
    open: () => listen(port),
    [Symbol.asyncDispose]: shut,
  };
}
