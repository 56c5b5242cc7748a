/**
 * Everything that servers under load take: the load generator, other people's servers, the bundle of ours, tokens,
 * and each process on its processor. What was started here ends with it. Knows nothing of requests and figures.
 */
import { startIssuer } from './issuer.ts';
import { installPeers, type PeerName, startCeiling, startPeer } from './peers.ts';
import { pinSelf } from './processors.ts';
import { bundleSubject, type Subject, type SubjectOptions, startSubject } from './product.ts';
import type { ServerProcess } from './servers.ts';
import { ensureWrk } from './wrk.ts';

export interface Arena extends AsyncDisposable {
  /** Of the one caller of all requests. */
  readonly token: string;
  /** Our server, which asks for the token. */
  subject(options: Omit<SubjectOptions, 'issuer'>): Promise<Subject>;
  /** Installs other people's servers where it is the first. */
  peer(name: PeerName, tools?: number): Promise<ServerProcess>;
  /** With `fixed`, the file that holds the answer. */
  ceiling(kind: 'echo' | 'fixed', file?: string): Promise<ServerProcess>;
}

export async function openArena(progress: (line: string) => void): Promise<Arena> {
  await ensureWrk(progress);
  const folder = await bundleSubject();
  await pinSelf();
  const issuer = await startIssuer();
  const running: ServerProcess[] = [];
  let installed: Promise<string> | undefined;
  const keep = async <S extends ServerProcess>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    running.push(server);
    return server;
  };
  return {
    token: await issuer.token('caller'),
    subject: (options) => keep(startSubject(folder, { ...options, issuer })),
    peer: async (name, tools) => keep(startPeer(await (installed ??= installPeers(progress)), name, tools)),
    ceiling: (kind, file) => keep(startCeiling(folder, kind, file)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(running.map((server) => server.stop()));
      await issuer.close();
    },
  };
}
