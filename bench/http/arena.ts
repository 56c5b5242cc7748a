/**
 * Everything that servers under load take: the bundle of ours, other people's servers, tokens, and each process on its
 * processor. What was started here ends with it. Knows nothing of requests and figures.
 */
import { type Issuer, startIssuer } from './issuer.ts';
import { installPeers, type PeerName, startCeiling, startPeer } from './peers.ts';
import { pinSelf } from './processors.ts';
import { bundleSubject, type Subject, type SubjectOptions, startSubject } from './product.ts';
import type { ServerProcess } from './servers.ts';

export interface ArenaSubject extends Omit<SubjectOptions, 'issuer'> {
  /** For everybody; otherwise it asks for tokens of the issuer. */
  readonly open?: boolean;
}

export interface Arena extends AsyncDisposable {
  /** Folder of the bundled programs. */
  readonly programs: string;
  readonly issuer: Issuer;
  /** Of one caller, for benchmarks that need no other. */
  readonly token: string;
  subject(options: ArenaSubject): Promise<Subject>;
  /** Installs other people's servers where it is the first. */
  peer(name: PeerName, tools?: number): Promise<ServerProcess>;
  /** With `fixed`, the file that holds the answer. */
  ceiling(kind: 'echo' | 'fixed' | 'streams', file?: string): Promise<ServerProcess>;
}

export async function openArena(progress: (line: string) => void): Promise<Arena> {
  await using opening = new AsyncDisposableStack();
  const programs = await bundleSubject();
  await pinSelf();
  const issuer = await startIssuer();
  opening.defer(() => issuer.close());
  const token = await issuer.token('caller');
  const running = opening.move();
  let installed: Promise<string> | undefined;
  const keep = async <S extends ServerProcess>(starting: Promise<S>): Promise<S> => {
    const server = await starting;
    running.defer(() => server.stop());
    return server;
  };
  return {
    programs,
    issuer,
    token,
    subject: ({ open = false, ...options }) => keep(startSubject(programs, open ? options : { ...options, issuer })),
    peer: async (name, tools) => keep(startPeer(await (installed ??= installPeers(progress)), name, tools)),
    ceiling: (kind, file) => keep(startCeiling(programs, kind, file)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
