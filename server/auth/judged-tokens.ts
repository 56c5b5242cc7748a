/**
 * Verdicts on tokens, remembered: at once for a token that was judged a moment ago, by the verifier for any other, once
 * for many requests with the same. A verdict is renewed while it is in use, and one that rests on something revoked is
 * not used again. Keeps hashes, never tokens.
 */
import { hash } from 'node:crypto';
import type { Caller } from '../toolsets/call.ts';
import type { Challenges } from './challenge.ts';
import type { Verdict, Verification, Verifier } from './verdict.ts';
import { createVerdictCache } from './verdict-cache.ts';

export interface JudgedTokens {
  judge(token: string): Verdict | Promise<Verdict>;
  /** Has the next request with this token verified anew. */
  forget(token: string): void;
}

export interface JudgedTokensOptions {
  readonly verifier: Verifier;
  readonly challenges: Challenges;
  /** Scopes without which nothing is allowed. */
  readonly requiredScopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Verdicts kept; 10 000 without it. */
  readonly capacity?: number;
}

interface Judged {
  readonly verdict: Verdict;
  readonly verification: Verification;
  readonly judgedAt: number;
  /** From then on a use has it looked at again … */
  renewAt: number;
  /** … without waiting for that until then … */
  believedUntil: number;
  /** … and at the most until then, while the verifier cannot tell. */
  readonly endsAt: number;
}

/** A verdict is never used longer, whatever the verifier believes. */
const KEPT_MS = 60_000;
const REFUSED_MS = 5_000;
const CAPACITY = 10_000;
/** Judged at a time; more would be work for strangers. */
const MAX_PENDING = 1_000;
/** Time between two looks while the verifier cannot tell. */
const RETRY_MS = 1_000;

export function createJudgedTokens(options: JudgedTokensOptions): JudgedTokens {
  const { verifier, challenges, requiredScopes, now, capacity = CAPACITY } = options;
  // Apart, so that a flood of wrong tokens drives out no right one.
  const accepted = createVerdictCache<Judged>(capacity);
  const refused = createVerdictCache<Judged>(Math.ceil(capacity / 10));
  const pending = new Map<string, Promise<Verdict>>();

  const remember = (key: string, verification: Verification): Verdict => {
    const judgedAt = now();
    if (verification.type === 'Unavailable') {
      const known = accepted.get(key);
      // What was right a moment ago is used on while nobody can say that it is not.
      if (known !== undefined && known.judgedAt <= judgedAt && judgedAt < known.endsAt && stands(known)) {
        known.believedUntil = judgedAt + RETRY_MS;
        known.renewAt = known.believedUntil;
        return known.verdict;
      }
      return { ok: false, refusal: challenges.unavailable(verification.because) };
    }
    if (verification.type === 'Rejected') {
      accepted.delete(key);
      const verdict: Verdict = { ok: false, refusal: challenges.invalid(verification.because) };
      const endsAt = judgedAt + REFUSED_MS;
      if (verification.final)
        refused.set(key, { verdict, verification, judgedAt, renewAt: endsAt, believedUntil: endsAt, endsAt });
      return verdict;
    }
    const verdict = verification.type === 'Verified' ? verdictOn(verification.caller) : forbidden(verification.because);
    const endsAt = Math.min(verification.expiresAt, judgedAt + KEPT_MS);
    const believedUntil = Math.min(endsAt, judgedAt + verifier.believedMs);
    const renewAt = judgedAt + verifier.believedMs / 2;
    accepted.set(key, { verdict, verification, judgedAt, renewAt, believedUntil, endsAt });
    return verdict;
  };
  const forbidden = (because: string): Verdict => ({ ok: false, refusal: challenges.forbidden(because) });
  const verdictOn = (caller: Caller): Verdict => {
    const lacking = caller.scopes && requiredScopes.some((scope) => !caller.scopes?.has(scope));
    return lacking ? { ok: false, refusal: challenges.insufficient([]) } : { ok: true, caller };
  };
  const verify = (key: string, token: string): Promise<Verdict> => {
    const running = pending.get(key);
    if (running !== undefined) return running;
    if (pending.size >= MAX_PENDING)
      return Promise.resolve({ ok: false, refusal: challenges.unavailable('Too many tokens wait for verification.') });
    const started = verifier
      .verify(token)
      .then((verification) => remember(key, verification))
      .finally(() => pending.delete(key));
    pending.set(key, started);
    return started;
  };
  return {
    judge(token) {
      const key = keyOf(token);
      const time = now();
      const known = accepted.get(key) ?? refused.get(key);
      // A clock that went back says nothing about how old a verdict is.
      if (known === undefined || time >= known.believedUntil || time < known.judgedAt || !stands(known))
        return verify(key, token);
      // Off the critical path, so that a caller in steady use never waits.
      if (time >= known.renewAt && pending.size < MAX_PENDING / 2) {
        known.renewAt = time + RETRY_MS;
        void verify(key, token);
      }
      return known.verdict;
    },
    forget(token) {
      accepted.delete(keyOf(token));
    },
  };
}

/** 32 characters of one byte each: shorter than hex, and made faster. */
const keyOf = (token: string): string => hash('sha256', token, 'binary');

const stands = ({ verification }: Judged): boolean =>
  verification.type !== 'Verified' || verification.current === undefined || verification.current();
