// The inside half of a forward: runs in the cluster's network namespace, takes
// connections from a listening socket that was made outside (descriptor 3: a
// socket stays in the namespace it was made in) and joins each to the target.

import { connect, createServer } from 'node:net';

const [host, port] = process.argv.slice(2);
if (host === undefined || port === undefined)
  throw new Error('Usage: forwarder.ts <host> <port>, listening socket as descriptor 3');

const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
  const inside = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
  const end = () => {
    outside.destroy();
    inside.destroy();
  };
  outside.once('error', end);
  inside.once('error', end); // the target refuses or resets: so do we
  outside.pipe(inside);
  inside.pipe(outside);
});
server.listen({ fd: 3 });
