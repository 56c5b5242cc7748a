/**
 * Everything that the API server's audit log has said so far, and questions about it.
 * All times are the API server's own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { followAudit, isWrite, type Request } from '#e2e/audit.ts';

export interface Trail extends Disposable {
  /** Requests since `from`, a position that `mark` gave. */
  since(from: number): readonly Request[];
  mark(): number;
  /** Waits for the first request that satisfies `test`; undefined after `limitMs`. */
  first(from: number, limitMs: number, test: (request: Request) => boolean): Promise<Request | undefined>;
  /** Waits until `user` has written nothing but leases for `quietMs`; the time of its last write, if any. */
  quiet(from: number, user: string, quietMs: number, limitMs: number): Promise<number | undefined>;
}

export const succeeded = (request: Request): boolean => request.code >= 200 && request.code < 300;

/** Writes that matter: a lease is renewed whether anything happens or not. */
export const counts = (request: Request): boolean => isWrite(request) && request.resource !== 'leases';

export function openTrail(file: string): Trail {
  const follower = followAudit(file);
  const requests: Request[] = [];
  const read = () => {
    for (const request of follower.read()) requests.push(request);
    return requests;
  };
  return {
    since: (from) => read().slice(from),
    mark: () => read().length,
    async first(from, limitMs, test) {
      const deadline = performance.now() + limitMs;
      let looked = from;
      for (;;) {
        read();
        for (; looked < requests.length; looked++) {
          const request = requests[looked];
          if (request && test(request)) return request;
        }
        if (performance.now() > deadline) return undefined;
        await sleep(10);
      }
    },
    async quiet(from, user, quietMs, limitMs) {
      const began = Date.now();
      for (;;) {
        const last = read()
          .slice(from)
          .findLast((r) => r.user === user && counts(r))?.answeredAt;
        if (Date.now() - Math.max(last ?? began, began) > quietMs) return last;
        if (Date.now() - began > limitMs) throw new Error(`${user} still writes after ${limitMs} ms`);
        await sleep(250);
      }
    },
    [Symbol.dispose]: () => follower[Symbol.dispose](),
  };
}
