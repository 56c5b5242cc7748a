// Joins connections to another address, byte by byte. Listens nowhere itself.

import { connect, createServer, type Server } from 'node:net';

/** A server that joins each connection to the target; the caller lets it listen. */
export function createRelay(host: string, port: number): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    const inside = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const end = () => {
      outside.destroy();
      inside.destroy();
    };
    outside.once('error', end);
    inside.once('error', end); // the target refuses or resets: so do we
    outside.pipe(inside);
    inside.pipe(outside);
  });
}
