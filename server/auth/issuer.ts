/**
 * Where an issuer publishes its keys: the configured URL, or the one of its metadata (OpenID Connect Discovery, else
 * RFC 8414). Keeps nothing but the URL found.
 */
import { ConfigError } from '../config-error.ts';
import type { FetchedJson, JsonFetcher } from './fetch-json.ts';

export interface IssuerOptions {
  readonly issuer: string;
  readonly jwksUri?: string | undefined;
  readonly fetcher: JsonFetcher;
}

/** Gives the document with the keys; throws where it cannot be had now. */
export function issuerKeys({ issuer, jwksUri, fetcher }: IssuerOptions): () => Promise<FetchedJson> {
  let found = jwksUri;
  return async () => {
    found ??= await discover(issuer, fetcher);
    try {
      return await fetcher.get(found);
    } catch (error) {
      // The issuer may have moved its keys.
      found = jwksUri;
      throw error;
    }
  };
}

async function discover(issuer: string, fetcher: JsonFetcher): Promise<string> {
  const failures: unknown[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      return keysUrl((await fetcher.get(url)).value, issuer);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new Error(`the metadata of ${issuer} does not tell where its keys are`, { cause: failures.at(0) });
}

function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

function keysUrl(metadata: unknown, issuer: string): string {
  const { issuer: named, jwks_uri: uri } = Object(metadata) as { issuer?: unknown; jwks_uri?: unknown };
  // RFC 8414, 3.3: metadata that names another issuer must not be used.
  if (named !== issuer) throw new Error('the metadata names another issuer');
  const problem = typeof uri === 'string' ? urlProblem(uri) : 'is missing';
  if (problem !== undefined) throw new Error(`jwks_uri of the metadata ${problem}`);
  return uri as string;
}

/** Throws ConfigError for a URL from which no keys should be taken. */
export function checkIssuerUrl(field: string, url: string): void {
  const problem = urlProblem(url);
  if (problem !== undefined) throw new ConfigError(`${field} ${problem}`);
}

const CLUSTER_HOST = /^(localhost|127\.0\.0\.1|[-.a-z0-9]+\.svc(\.cluster\.local)?)$/;

/** Whoever can change the answer can sign tokens, so the way is TLS, or does not leave the machine or the cluster. */
function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return 'must not hold a user or password';
  if (protocol === 'https:' || (protocol === 'http:' && CLUSTER_HOST.test(hostname))) return undefined;
  return 'must be an https URL; plain http only to loopback or to a Service of the cluster (name.namespace.svc)';
}
