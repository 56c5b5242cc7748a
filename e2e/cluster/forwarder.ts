// The inside half of a forward: runs in the cluster's network namespace, takes
// connections from a listening socket that was made outside (descriptor 3: a
// socket stays in the namespace it was made in) and joins each to the target.

import { createRelay } from './relay.ts';

const [host, port] = process.argv.slice(2);
if (host === undefined || port === undefined)
  throw new Error('Usage: forwarder.ts <host> <port>, listening socket as descriptor 3');
createRelay(host, Number(port)).listen({ fd: 3 });
