/**
 * What is said of a token: by a verifier, which looks at it, and by the authenticator, which remembers. A sentence in
 * here is for the caller and holds nothing of the token.
 */
import type { Refusal } from '../http/answer.ts';
import type { Caller } from '../toolsets/call.ts';

export type Verdict =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly refusal: Refusal };

export type Verification =
  | {
      readonly type: 'Verified';
      readonly caller: Caller;
      /** End of the token by the wall clock, milliseconds since 1970, with the skew that is granted. */
      readonly expiresAt: number;
      /** Whether what the verification rested on still stands; looked at on each use. */
      current?(): boolean;
    }
  /** `final` false: the same token may be good in a moment. */
  | { readonly type: 'Rejected'; readonly because: string; readonly final: boolean }
  /** The caller is known and may not call, whatever the token. */
  | { readonly type: 'Forbidden'; readonly because: string; readonly expiresAt: number }
  /** It cannot be known now, and that is not the caller's fault. */
  | { readonly type: 'Unavailable'; readonly because: string };

/** Judges tokens of one kind. Throws for programming errors only. */
export interface Verifier {
  verify(token: string): Promise<Verification>;
  /** For how long a verification is believed without asking again, in milliseconds. */
  readonly believedMs: number;
  close(): Promise<void>;
}

export const rejected = (because: string, final = true): Verification => ({ type: 'Rejected', because, final });
