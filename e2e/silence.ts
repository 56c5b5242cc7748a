/**
 * Command line, run in the cluster's network: stands in for every fake pod, accepts each
 * connection on port 8080 and never answers. Prints the number of connections so far.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';

/** The addresses that kwok gives to pods: `e2e/cluster/fake-nodes.ts`. */
const POD_RANGE = '10.250.0.0/16';

// Makes the whole range addresses of this machine (AnyIP), so that one socket listens on all of them.
const route = (verb: 'replace' | 'delete') => execFileSync('ip', ['route', verb, 'local', POD_RANGE, 'dev', 'lo']);

let connections = 0;
const server = createServer((socket) => {
  socket.on('error', () => undefined); // who gives up may reset the connection
  process.stdout.write(`${(connections += 1)}\n`);
});
route('replace');
server.listen(8080, '0.0.0.0', () => process.stdout.write('0\n'));
process.once('SIGTERM', () => {
  route('delete');
  process.exit(0);
});
