/** The first port of a few that nobody listens on, so that two local servers can run side by side. */
import { createServer } from 'node:net';

const TRIES = 20;

/** `first` or one of the next; 0, for any, where all of them are taken. */
export async function freePort(host: string, first: number): Promise<number> {
  for (let port = first; port < first + TRIES; port += 1) if (await isFree(host, port)) return port;
  return 0;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
