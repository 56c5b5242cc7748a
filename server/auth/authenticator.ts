/**
 * Who calls: from a request's access token to a caller, or to the refusal that tells where to get one. One authenticator
 * for each way that `auth.type` names; the code of the others is never loaded. A token leaves this folder to nobody but
 * the API server of the cluster, for its own tokens.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Proxy } from '#models/proxy.ts';
import type { AuthConfig } from '../config.ts';
import type { Refusal } from '../http/answer.ts';
import type { IncomingRequest } from '../http/body.ts';
import type { Attempts } from '../limits/attempts.ts';
import { ANONYMOUS } from '../toolsets/call.ts';
import { bearerOf } from './bearer.ts';
import { type Challenges, createChallenges } from './challenge.ts';
import { createJudgedTokens, type JudgedTokens } from './judged-tokens.ts';
import type { ReadFile } from './mounted-file.ts';
import { metadataText, metadataUrl, sendPublicDocument } from './resource-metadata.ts';
import type { Store } from './revocations.ts';
import type { Verdict, Verifier } from './verdict.ts';

export type { Verdict } from './verdict.ts';

export interface Authenticator {
  /** At once where the token was judged a moment ago. Rejects for programming errors only. */
  authenticate(request: IncomingMessage): Verdict | Promise<Verdict>;
  /** The refusal of an operation whose scopes the caller lacks: 403, with every scope that the operation needs. */
  challenge(scopes: readonly string[]): Refusal;
  /** Answers requests to metadata and to the built-in issuer's endpoints; false, and nothing done, for any other. */
  handle(request: IncomingRequest, response: ServerResponse): boolean;
  close(): Promise<void>;
}

export interface AuthenticatorOptions {
  /** Public URL of the MCP endpoint: the OAuth resource, and the audience where none is configured. */
  readonly resource: string;
  /** For people. */
  readonly resourceName: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The scopes that the tools ask for. */
  readonly scopes?: () => readonly string[];
  /** The process's variables, for the address of the API server. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Keeps what the pods must know of each other's revocations; memory without it. */
  readonly store?: Store | undefined;
  /** Bounds how often the secrets of the built-in issuer's accounts may be tried; without it nothing does. */
  readonly attempts?: Attempts | undefined;
  readonly proxy?: Proxy | undefined;
  readonly readFile?: ReadFile;
  /** Folder of the pod's service account. */
  readonly serviceAccountDirectory?: string;
}

const NOBODY: Verdict = { ok: true, caller: ANONYMOUS };

/** Throws ConfigError for settings that cannot work. Does not wait for an issuer. */
export async function createAuthenticator(config: AuthConfig, options: AuthenticatorOptions): Promise<Authenticator> {
  switch (config.type) {
    case 'None':
      return admitEverybody();
    case 'JWT':
      return trustIssuer(config, options);
    case 'KubernetesServiceAccount':
      return trustCluster(config, options);
    case 'BuiltIn':
      return beIssuer(config, options);
    default:
      return config satisfies never;
  }
}

type Of<Type extends AuthConfig['type']> = Extract<AuthConfig, { type: Type }>;

function admitEverybody(): Authenticator {
  const challenges = createChallenges({ metadataUrl: undefined, requiredScopes: [] });
  return {
    authenticate: () => NOBODY,
    challenge: (scopes) => challenges.insufficient(scopes),
    handle: () => false,
    close: () => Promise.resolve(),
  };
}

function judging(
  tokens: JudgedTokens,
  challenges: Challenges,
  verifier: Verifier,
): Pick<Authenticator, 'authenticate' | 'challenge' | 'close'> {
  return {
    authenticate(request) {
      const bearer = bearerOf(request);
      if (bearer.type === 'Token') return tokens.judge(bearer.token);
      return { ok: false, refusal: challenges.absent(bearer.type) };
    },
    challenge: (scopes) => challenges.insufficient(scopes),
    close: () => verifier.close(),
  };
}

/** Challenges that lead to the metadata, and the metadata. */
function protectedResource(
  issuer: string,
  requiredScopes: readonly string[],
  { resource, resourceName, scopes = () => [] }: AuthenticatorOptions,
): { readonly challenges: Challenges; readonly metadata: Authenticator['handle'] } {
  const url = metadataUrl(resource);
  const path = new URL(url).pathname;
  return {
    challenges: createChallenges({ metadataUrl: url, requiredScopes }),
    metadata(request, response) {
      if (pathOf(request) !== path) return false;
      const every = [...new Set([...requiredScopes, ...scopes()])];
      const text = metadataText({ resource, resourceName, authorizationServer: issuer, scopes: every });
      sendPublicDocument(request, response, text);
      return true;
    },
  };
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0] as string;

async function trustIssuer(config: Of<'JWT'>, options: AuthenticatorOptions): Promise<Authenticator> {
  const [{ createJsonFetcher }, { checkIssuerUrl, issuerKeys }, { createKeySet }, { createJwtVerifier }] =
    await Promise.all([
      import('./fetch-json.ts'),
      import('./issuer.ts'),
      import('./key-set.ts'),
      import('./jwt-verifier.ts'),
    ]);
  const { issuer, jwksUri, requiredScopes } = config;
  checkIssuerUrl('auth.jwt.issuer', issuer);
  if (jwksUri !== undefined) checkIssuerUrl('auth.jwt.jwksUri', jwksUri);
  const { log, now } = options;
  const fetcher = createJsonFetcher({ proxy: options.proxy });
  const keys = createKeySet({ fetch: issuerKeys({ issuer, jwksUri, fetcher }), log, now });
  keys.prefetch();
  // A subject is unique within its issuer only (OpenID Connect, 2).
  const idOf = (subject: string): string => `${issuer}/${subject}`;
  const rules = { issuer, audiences: audiencesOf(config, options), rolesClaim: config.rolesClaim, idOf };
  const verifier = createJwtVerifier({ rules: () => rules, keys, now, close: () => fetcher.close() });
  const { challenges, metadata } = protectedResource(issuer, requiredScopes, options);
  const tokens = createJudgedTokens({ verifier, challenges, requiredScopes, now });
  return { ...judging(tokens, challenges, verifier), handle: metadata };
}

async function trustCluster(
  config: Of<'KubernetesServiceAccount'>,
  options: AuthenticatorOptions,
): Promise<Authenticator> {
  const [{ createClusterApi }, { createServiceAccountVerifier }] = await Promise.all([
    import('./cluster-api.ts'),
    import('./service-account-verifier.ts'),
  ]);
  const { log, now, environment = {}, readFile, serviceAccountDirectory: directory } = options;
  const { serviceAccounts, verification } = config;
  const api = createClusterApi({ environment, now, readFile, directory });
  const audiences = audiencesOf(config, options);
  const reviews = verification === 'TokenReview';
  const verifier = createServiceAccountVerifier({ api, audiences, serviceAccounts, reviews, now, log });
  // No client can get such a token from an authorization server, so none is told.
  const challenges = createChallenges({ metadataUrl: undefined, requiredScopes: [] });
  const tokens = createJudgedTokens({ verifier, challenges, requiredScopes: [], now });
  return { ...judging(tokens, challenges, verifier), handle: () => false };
}

const audiencesOf = ({ audiences }: { readonly audiences: readonly string[] }, { resource }: AuthenticatorOptions) =>
  audiences.length === 0 ? [resource] : audiences;

async function beIssuer(config: Of<'BuiltIn'>, options: AuthenticatorOptions): Promise<Authenticator> {
  const [{ createBuiltInIssuer }, endpoint, { mountedFile }, { memoryRevocations, storedRevocations }] =
    await Promise.all([
      import('./built-in-issuer.ts'),
      import('./token-endpoint.ts'),
      import('./mounted-file.ts'),
      import('./revocations.ts'),
    ]);
  const { log, now, resource, store, scopes = () => [] } = options;
  const { origin } = new URL(resource);
  const verifier = await createBuiltInIssuer({
    signingKey: mountedFile(config.signingKeyFile, options),
    adminSecret: mountedFile(config.bootstrapAdminFile, options),
    issuer: origin,
    resource,
    lifetimeMs: config.accessTokenLifetimeMs,
    revocations: store === undefined ? memoryRevocations(now) : await storedRevocations(store, now),
    now,
    log,
  });
  const { challenges, metadata } = protectedResource(origin, [], options);
  const tokens = createJudgedTokens({ verifier, challenges, requiredScopes: [], now });
  const answer = endpoint.createTokenEndpoint({
    issuer: verifier,
    resource,
    scopes,
    attempts: options.attempts,
    revoked: (token) => tokens.forget(token),
    log,
  });
  return {
    ...judging(tokens, challenges, verifier),
    handle(request, response) {
      const path = pathOf(request);
      if (path === endpoint.TOKEN_PATH || path === endpoint.REVOKE_PATH) answer(request, response, path);
      else if (path === endpoint.METADATA_PATH)
        sendPublicDocument(request, response, endpoint.metadataText(origin, scopes()));
      else return metadata(request, response);
      return true;
    },
  };
}
