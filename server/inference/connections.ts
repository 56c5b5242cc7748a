/**
 * The open connections to backends, one pool each, and how many requests are under way
 * on it. A pool is made anew when its backend's address or settings change; the old one
 * closes after its last request. Must not know how a backend is chosen.
 */
import type { Backend } from '#models/backend.ts';
import type { KnownBackend, KnownBackends } from './known.ts';

export interface Lease {
  readonly backend: Backend;
  /** Must be called once the request is over, however it ended. */
  release(): void;
}

export interface Connections {
  inFlight(backend: string): number;
  /** Undefined for a backend whose address nobody knows. */
  lease(known: KnownBackend): Lease | undefined;
  /** Closes what is no longer known, or known otherwise, when its requests are over. */
  retain(known: KnownBackends): void;
  /** Closes everything; requests under way fail. */
  close(): Promise<void>;
}

interface Open {
  readonly identity: string;
  readonly backend: Backend;
  inFlight: number;
  retired: boolean;
}

export function createConnections(open: (known: KnownBackend) => Backend | undefined): Connections {
  const current = new Map<string, Open>();
  const all = new Set<Open>();

  function retire(name: string, entry: Open): void {
    current.delete(name);
    entry.retired = true;
    closeIfIdle(entry);
  }

  function closeIfIdle(entry: Open): void {
    if (!entry.retired || entry.inFlight > 0) return;
    all.delete(entry);
    void entry.backend.shutdown();
  }

  function entryFor(known: KnownBackend): Open | undefined {
    const before = current.get(known.name);
    if (before !== undefined && before.identity === known.identity) return before;
    if (before !== undefined) retire(known.name, before);
    const backend = open(known);
    if (backend === undefined) return undefined;
    const entry: Open = { identity: known.identity, backend, inFlight: 0, retired: false };
    current.set(known.name, entry);
    all.add(entry);
    return entry;
  }

  return {
    inFlight: (name) => current.get(name)?.inFlight ?? 0,
    lease(known) {
      const entry = entryFor(known);
      if (entry === undefined) return undefined;
      entry.inFlight += 1;
      let held = true;
      return {
        backend: entry.backend,
        release() {
          if (!held) return;
          held = false;
          entry.inFlight -= 1;
          closeIfIdle(entry);
        },
      };
    },
    retain(known) {
      for (const [name, entry] of current) {
        if (known.get(name)?.identity !== entry.identity) retire(name, entry);
      }
    },
    async close() {
      const entries = [...all];
      all.clear();
      current.clear();
      await Promise.all(entries.map(({ backend }) => backend.shutdown()));
    },
  };
}
