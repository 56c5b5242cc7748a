/**
 * Brings a server up on an address and takes it down again. Knows nothing of what it serves.
 */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Roster } from './roster.ts';

const connections = new WeakMap<Server, Roster<Socket>>();

/** Connections that wait to be taken: when a pod ends, its clients come to the others all at once. The kernel may allow fewer. */
const BACKLOG = 4_096;

/** The port in use, which differs from `port` when that is 0. Rejects with Node's error, for example EADDRINUSE. */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  const open = new Roster<Socket>();
  connections.set(server, open);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Idle connections of a closed server are looked for this often. */
const SWEEP_MS = 50;

/** Cuts every connection, also those that HTTP has handed over. */
export function cutConnections(server: Server): void {
  for (const socket of socketsOf(server)) socket.destroy();
}

const socketsOf = (server: Server): readonly Socket[] => connections.get(server)?.members ?? [];

/** Takes no new connection, lets requests under way finish, and cuts what is left after `graceMs`. */
export function stopListening(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // A connection that becomes idle after close() would otherwise stay open until its client leaves; one that never
    // said anything is not idle to Node, and clients open some in advance.
    const closeIdle = (): void => {
      server.closeIdleConnections();
      for (const socket of socketsOf(server)) if (socket.bytesRead === 0) socket.destroy();
    };
    const sweep = setInterval(closeIdle, SWEEP_MS);
    const cut = setTimeout(() => cutConnections(server), graceMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cut);
      resolve();
    });
    closeIdle();
  });
}
