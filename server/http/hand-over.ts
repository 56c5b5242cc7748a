/**
 * Takes a connection out of node:http's hands while its answer goes on, for streams that stay open for hours: what HTTP
 * keeps for a next request, a parser of 10 kB above all, is given back. Node does that for an upgrade, and is told here
 * that this is one; where it does not take that, everything stays as it was. Must not know what is sent.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Take = (socket: Socket) => void;

/** What node:http (24) hangs on its objects beside what their types tell. */
interface HttpSocket extends Socket {
  readonly server?: Server;
  readonly parser?: { readonly incoming: IncomingMessage | null } | null;
  /** While answers to pipelined requests wait. */
  readonly _paused?: boolean;
}
interface HttpRequest extends IncomingMessage {
  upgrade?: boolean | null;
}
interface HttpResponse extends ServerResponse {
  detachSocket(socket: Socket): void;
}

const servers = new WeakSet<Server>();
const taking = new WeakMap<IncomingMessage, Take>();
/** Not without an address, which would mean the end of the input. */
const NOTHING = Buffer.alloc(1).subarray(1);

/** Lets answers of a server that takes no upgrades be handed over. */
export function allowHandOver(server: Server): void {
  servers.add(server);
  // Otherwise the listener below would make upgrades of what clients merely offer to upgrade.
  Object.assign(server, { shouldUpgradeCallback: () => false });
  server.on('upgrade', (request: IncomingMessage, socket) => {
    const take = taking.get(request);
    if (take) take(socket as Socket);
    else socket.destroy();
  });
}

/**
 * Calls `take` in a later turn, or never. From then on `response` has no part in the connection and emits nothing more;
 * the socket reads only to notice its end. The answer must say that it is the last of its connection.
 */
export function handOver(response: ServerResponse, take: Take): void {
  // In this turn the parser may still be at work on the request.
  setImmediate(() => {
    const request: HttpRequest = response.req;
    const socket: HttpSocket | null = response.socket;
    if (!socket?.server || !servers.has(socket.server) || socket.destroyed || socket._paused) return;
    if (response.writableEnded) return;
    // Another request stands behind this one; who sends that is answered as ever.
    if (!request.complete || socket.parser?.incoming !== request) return;
    taking.set(request, (free) => {
      (response as HttpResponse).detachSocket(free);
      release(free);
      take(free);
    });
    request.upgrade = true;
    socket.emit('data', NOTHING);
    taking.delete(request);
    request.upgrade = false;
  });
}

/** A function of its own, so that what listens holds nothing of the request. */
function release(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.resume();
}
