// A loopback port of this machine that leads to an address inside a local
// cluster: the listening socket is made here and handed to a process inside.

import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { ended, signalProcess } from './pids.ts';
import { type Sandbox, start } from './processes.ts';
import type { Forward } from './provider.ts';

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
      resolve(address.port);
    });
  });
}

/** The descriptor of a listening socket. Node has no public way to hand one to a program that is not its own child type. */
function descriptor(server: Server): number {
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  if (!Number.isInteger(fd) || fd < 0) throw new Error('The listening socket has no descriptor.');
  return fd;
}

export async function forward(sandbox: Sandbox, host: string, port: number): Promise<Forward> {
  const server = createServer();
  const local = await listen(server);
  const record = await start(
    sandbox,
    {
      name: `forward-${local}`,
      command: process.execPath,
      args: ['--max-semi-space-size=1', join(import.meta.dirname, 'forwarder.ts'), host, String(port)],
    },
    [descriptor(server)],
  );
  // Both processes would take connections otherwise.
  await new Promise((resolve) => server.close(resolve));
  return {
    url: `http://127.0.0.1:${local}`,
    port: local,
    async close() {
      signalProcess(record, 'SIGTERM');
      await ended(record, 5000);
    },
  };
}
