/**
 * Tokens of Kubernetes ServiceAccounts: signed with the keys that the API server publishes to every account, and, where
 * this is wanted, reviewed by the API server, which alone knows whether the pod and the account that a token is bound to
 * still exist. Must not know how the API server is reached.
 */
import type { Logger } from 'pino';
import type { Caller } from '../toolsets/call.ts';
import type { ClusterApi } from './cluster-api.ts';
import { type FetchedJson, HttpStatusError } from './fetch-json.ts';
import { createJwtVerifier } from './jwt-verifier.ts';
import { createKeySet } from './key-set.ts';
import { rejected, type Verification, type Verifier } from './verdict.ts';

export interface ServiceAccountVerifierOptions {
  readonly api: ClusterApi;
  readonly audiences: readonly string[];
  /** Accounts that may call, as `namespace:name`, `*` for all names or namespaces. None named: all accounts. */
  readonly serviceAccounts: readonly string[];
  /** Asks for a TokenReview of each token, which this server must be allowed to create. */
  readonly reviews: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

const DISCOVERY = '/.well-known/openid-configuration';
/** Not `jwks_uri`, whose host need not be reachable from a pod. */
const KEYS = '/openid/v1/jwks';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const PREFIX = 'system:serviceaccount:';
/** Where tokens are reviewed, the end of one is noticed within this time after the API server, which remembers it for 10 s. */
const BELIEVED_MS = 5_000;
const REVOKED = 'The access token is not valid any more: its ServiceAccount or pod is gone.';
const NOT_ADMITTED = 'This ServiceAccount is not among those that may call this server.';
const UNAVAILABLE = 'Tokens cannot be verified now, because the API server of the cluster does not answer.';
const FORBIDDEN =
  'Tokens cannot be verified, because this server may not create TokenReviews. Bind its ServiceAccount to the ClusterRole system:auth-delegator, or set auth.kubernetesServiceAccount.verification to PublishedKeys.';

export function createServiceAccountVerifier(options: ServiceAccountVerifierOptions): Verifier {
  const { api, audiences, now, log } = options;
  const admits = admission(options.serviceAccounts);
  let issuer = '';
  const fetch = async (): Promise<FetchedJson> => {
    const { issuer: named } = Object((await api.get(DISCOVERY)).value) as { issuer?: unknown };
    if (typeof named !== 'string' || named === '') throw new Error('the API server names no issuer of tokens');
    const keys = await api.get(KEYS);
    issuer = named;
    return keys;
  };
  const keys = createKeySet({ fetch, log, now });
  keys.prefetch();
  const rules = () => ({ issuer, audiences, rolesClaim: '', idOf: (subject: string): string => subject });
  const signed = createJwtVerifier({ rules, keys, now, close: () => api.close() });

  const isAlive = async (token: string, account: string): Promise<boolean> => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
    const { value } = await api.create(REVIEWS, review);
    return isReviewed(value, account, audiences);
  };
  return {
    believedMs: BELIEVED_MS,
    close: () => signed.close(),
    async verify(token): Promise<Verification> {
      const verification = await signed.verify(token);
      if (verification.type !== 'Verified') return verification;
      const { id } = verification.caller;
      if (!id.startsWith(PREFIX)) return rejected('The access token is not one of a ServiceAccount.');
      if (!admits(id.slice(PREFIX.length)))
        return { type: 'Forbidden', because: NOT_ADMITTED, expiresAt: verification.expiresAt };
      try {
        if (options.reviews && !(await isAlive(token, id))) return rejected(REVOKED);
      } catch (error) {
        log.error({ error }, 'a token cannot be reviewed');
        const isForbidden = error instanceof HttpStatusError && error.status === 403;
        return { type: 'Unavailable', because: isForbidden ? FORBIDDEN : UNAVAILABLE };
      }
      // Kubernetes knows no scopes: who is admitted may do everything.
      const caller: Caller = { id };
      return { ...verification, caller };
    },
  };
}

/** Without audiences in the answer the token was judged for the API server itself (TokenReview's API reference). */
function isReviewed(review: unknown, account: string, ours: readonly string[]): boolean {
  const { status } = Object(review) as { status?: unknown };
  if (typeof status !== 'object' || status === null) throw new Error('the answer is no TokenReview with a status');
  const { authenticated, user, audiences } = status as { authenticated?: unknown; user?: unknown; audiences?: unknown };
  const { username } = Object(user) as { username?: unknown };
  const named: readonly unknown[] = Array.isArray(audiences) ? audiences : [];
  return authenticated === true && username === account && ours.some((audience) => named.includes(audience));
}

function admission(entries: readonly string[]): (account: string) => boolean {
  if (entries.length === 0) return () => true;
  const rules = entries.map((entry) => entry.split(':'));
  return (account) => {
    const [namespace, name] = account.split(':');
    return rules.some(([space, only]) => (space === '*' || space === namespace) && (only === '*' || only === name));
  };
}
