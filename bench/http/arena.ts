/**
 * Everything that a contest of servers takes: the load generator, other people's servers, the bundle of ours, tokens,
 * and each process on its processor. What was started here ends with it. Knows nothing of requests and figures.
 */
import { startIssuer } from './issuer.ts';
import { installPeers, type PeerName, startCeiling, startPeer } from './peers.ts';
import { pinSelf } from './processors.ts';
import { bundleSubject, type Subject, startSubject } from './product.ts';
import type { ServerProcess } from './servers.ts';
import { ensureWrk } from './wrk.ts';

export interface Arena extends AsyncDisposable {
  /** Of the one caller of all requests. */
  readonly token: string;
  /** Our server, which asks for the token, with as many tools. */
  subject(tools: number): Promise<Subject>;
  peer(name: PeerName, tools?: number): Promise<ServerProcess>;
  /** With `fixed`, the file that holds the answer. */
  ceiling(kind: 'echo' | 'fixed', file?: string): Promise<ServerProcess>;
}

export async function openArena(progress: (line: string) => void): Promise<Arena> {
  await ensureWrk(progress);
  const peers = await installPeers(progress);
  const folder = await bundleSubject();
  await pinSelf();
  const issuer = await startIssuer();
  const running: ServerProcess[] = [];
  const keep = async <S extends ServerProcess>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  return {
    token: await issuer.token('caller'),
    subject: (tools) => keep(startSubject(folder, { tools, issuer })),
    peer: (name, tools) => keep(startPeer(peers, name, tools)),
    ceiling: (kind, file) => keep(startCeiling(folder, kind, file)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(running.map((server) => server.stop()));
      await issuer.close();
    },
  };
}
