/**
 * What the last failures of targets mean for the next choice: one that asked for time
 * is left alone for that time, one that failed is avoided for a while. Forgotten when
 * its backend changes. Must not know how targets are chosen.
 */
import type { BackendError } from '#models/backend.ts';
import type { KnownBackends } from './known.ts';
import { type Target, targetKey } from './router.ts';

/** Milliseconds for which a target is avoided after trouble that passes, and after trouble that somebody must cure. */
const PASSING = 5_000;
const LASTING = 60_000;
/** Without Retry-After; and the longest that is believed. */
const RATE_LIMIT = { usual: 1_000, longest: 60_000 } as const;

interface Rest {
  readonly kind: 'avoid' | 'leave';
  /** Monotonic milliseconds. */
  readonly until: number;
  readonly backend: Target['backend'];
}

export interface Rests {
  of(target: Target): 'none' | 'avoid' | 'leave';
  /** Milliseconds until a target need no longer be left alone. */
  wait(target: Target): number;
  failed(target: Target, error: BackendError): void;
  succeeded(target: Target): void;
  /** Forgets what was seen of backends that are no longer the same. */
  retain(known: KnownBackends): void;
}

export function createRests(now: () => number): Rests {
  const rests = new Map<string, Rest>();
  const current = (target: Target): Rest | undefined => {
    const rest = rests.get(targetKey(target));
    return rest !== undefined && rest.until > now() ? rest : undefined;
  };
  return {
    of: (target) => current(target)?.kind ?? 'none',
    wait(target) {
      const rest = current(target);
      return rest?.kind === 'leave' ? rest.until - now() : 0;
    },
    failed(target, error) {
      const { kind, ms } = restAfter(error);
      if (ms > 0) rests.set(targetKey(target), { kind, until: now() + ms, backend: target.backend });
    },
    succeeded(target) {
      rests.delete(targetKey(target));
    },
    retain(known) {
      for (const [key, { backend }] of rests) if (known.get(backend.name) !== backend) rests.delete(key);
    },
  };
}

function restAfter({ reason, retryAfterMs }: BackendError): { readonly kind: Rest['kind']; readonly ms: number } {
  switch (reason) {
    case 'RateLimited':
      return { kind: 'leave', ms: Math.min(retryAfterMs ?? RATE_LIMIT.usual, RATE_LIMIT.longest) };
    case 'Unavailable':
      return { kind: 'avoid', ms: Math.min(retryAfterMs ?? PASSING, RATE_LIMIT.longest) };
    case 'ConnectionRefused':
    case 'Timeout':
    case 'BadResponse':
      return { kind: 'avoid', ms: PASSING };
    case 'TLSFailed':
    case 'Unauthorized':
    case 'ModelNotFound':
    case 'Unsupported':
      return { kind: 'avoid', ms: LASTING };
    case 'ContextLengthExceeded':
    case 'BadRequest':
    case 'Aborted':
      return { kind: 'avoid', ms: 0 };
    default:
      return reason satisfies never;
  }
}
