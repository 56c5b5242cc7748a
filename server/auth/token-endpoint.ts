/**
 * The endpoints of the built-in issuer: POST /token (client credentials, or the form with user name and password),
 * POST /revoke (RFC 7009), and metadata (RFC 8414). Answers as OAuth 2.0 says, so that any client library can ask.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { sendText } from '../http/answer.ts';
import { discardBody, type IncomingRequest, readBody } from '../http/body.ts';
import type { Attempts } from '../limits/attempts.ts';
import type { Take } from '../limits/rate-limiter.ts';
import type { BuiltInIssuer } from './built-in-issuer.ts';

export interface TokenEndpointOptions {
  readonly issuer: BuiltInIssuer;
  readonly resource: string;
  /** Scopes that a token may have. */
  readonly scopes: () => readonly string[];
  /** Bounds how often secrets may be tried; without it nothing does. */
  readonly attempts?: Attempts | undefined;
  /** Called with a token that was just taken back. */
  readonly revoked: (token: string) => void;
  readonly log: Logger;
}

export const TOKEN_PATH = '/token';
export const REVOKE_PATH = '/revoke';
export const METADATA_PATH = '/.well-known/oauth-authorization-server';

/** RFC 8414, 2. */
export const metadataText = (issuer: string, scopes: readonly string[]): string => {
  const methods = ['client_secret_basic', 'client_secret_post'];
  return JSON.stringify({
    issuer,
    token_endpoint: issuer + TOKEN_PATH,
    revocation_endpoint: issuer + REVOKE_PATH,
    grant_types_supported: ['client_credentials', 'password'],
    response_types_supported: [],
    scopes_supported: scopes,
    token_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_methods_supported: methods,
  });
};

const MAX_BYTES = 16 * 1024;
const WRONG = 'unknown name or wrong secret';
/** An answer with a token, or about one, is kept by nobody (RFC 6749, 5.1). */
const HEADERS = { 'cache-control': 'no-store', pragma: 'no-cache', 'access-control-allow-origin': '*' };

/** The errors of RFC 6749, 5.2 and RFC 8707, 2. */
type ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_grant_type';

class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly error: ErrorCode;
  constructor(error: ErrorCode, message: string) {
    super(message);
    this.error = error;
  }
}

class TooManyAttempts extends Error {
  override readonly name = 'TooManyAttempts';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('too many attempts; wait before the next one');
    this.retryAfterMs = retryAfterMs;
  }
}

export type TokenEndpoint = (request: IncomingRequest, response: ServerResponse, path: string) => void;

/** Answers requests to both paths. */
export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  const { issuer, attempts, log } = options;
  const act = async (request: IncomingRequest, path: string): Promise<object> => {
    // Before anything is read.
    pass(await attempts?.from(request));
    const form = await formOf(request);
    const basic = basicCredentials(request);
    const [client, user] = [basic?.[0] ?? form.get('client_id'), form.get('username')];
    const isUser = path === TOKEN_PATH && form.get('grant_type') === 'password';
    pass(await attempts?.at((isUser ? user : client) ?? ''));
    if (path === REVOKE_PATH) {
      await authenticateClient(issuer, basic, form);
      const token = form.get('token');
      if (token === undefined) throw new OAuthError('invalid_request', 'token is missing');
      await issuer.revoke(token);
      options.revoked(token);
      return {};
    }
    const grant = form.get('grant_type');
    if (grant === 'client_credentials') await authenticateClient(issuer, basic, form);
    else if (grant === 'password') await authenticateUser(issuer, form);
    else throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials or password');
    const target = form.get('resource') ?? options.resource;
    if (target !== options.resource) throw new OAuthError('invalid_target', `resource must be ${options.resource}`);
    const scopes = scopesOf(form.get('scope'), options.scopes());
    const { token, lifetimeSeconds } = await issuer.issue(scopes);
    return { access_token: token, token_type: 'Bearer', expires_in: lifetimeSeconds, scope: scopes.join(' ') };
  };
  return (request, response, path) => {
    if (request.method === 'OPTIONS') {
      const allowed = { 'access-control-allow-methods': 'POST', 'access-control-allow-headers': 'authorization' };
      response.writeHead(204, { ...HEADERS, ...allowed, 'access-control-max-age': '600' }).end();
      return;
    }
    if (request.method !== 'POST') {
      discardBody(request);
      sendText(response, 405, '{"error":"invalid_request"}', { ...HEADERS, allow: 'POST, OPTIONS' });
      return;
    }
    void act(request, path)
      .then(
        (answer) => [200, answer, {}] as const,
        (error: unknown) => {
          if (error instanceof OAuthError) return refusal(error);
          if (error instanceof TooManyAttempts) return tooMany(error);
          log.error({ error }, 'the token endpoint failed');
          return [500, { error: 'server_error' }, {}] as const;
        },
      )
      .then(([status, answer, headers]) => {
        discardBody(request);
        if (!response.destroyed) sendText(response, status, JSON.stringify(answer), { ...HEADERS, ...headers });
      });
  };
}

function refusal({ error, message }: OAuthError) {
  const wrongClient = error === 'invalid_client';
  const headers: Record<string, string> = wrongClient ? { 'www-authenticate': 'Basic realm="token"' } : {};
  return [wrongClient ? 401 : 400, { error, error_description: message }, headers] as const;
}

/** RFC 6585, 4; OAuth has no code of its own for it at these endpoints. */
function tooMany({ message, retryAfterMs }: TooManyAttempts) {
  const headers: Record<string, string> = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  return [429, { error: 'temporarily_unavailable', error_description: message }, headers] as const;
}

function pass(taken: Take | undefined): void {
  if (taken?.ok === false) throw new TooManyAttempts(taken.retryAfterMs);
}

type Form = ReadonlyMap<string, string>;

async function formOf(request: IncomingRequest): Promise<Form> {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new OAuthError('invalid_request', 'Content-Type must be application/x-www-form-urlencoded');
  const body = await readBody(request, MAX_BYTES);
  if (typeof body === 'string') throw new OAuthError('invalid_request', 'the form is too large or incomplete');
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (form.has(name)) throw new OAuthError('invalid_request', 'a parameter stands twice');
    // RFC 6749, 3.1: a parameter without a value counts as not there.
    if (value !== '') form.set(name, value);
  }
  return form;
}

type Credentials = readonly [name: string | undefined, secret: string | undefined];

function basicCredentials({ headers, headersDistinct }: IncomingMessage): Credentials | undefined {
  if ((headersDistinct['authorization']?.length ?? 0) > 1)
    throw new OAuthError('invalid_request', 'there are several Authorization headers');
  const encoded = /^basic ([\w+/]+=*)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return [text.slice(0, colon), text.slice(colon + 1)];
}

/** As one value of a form. */
const formDecoded = (text: string): string =>
  new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';

async function authenticateUser(issuer: BuiltInIssuer, form: Form): Promise<void> {
  if (!(await issuer.isAdmin(form.get('username') ?? '', form.get('password') ?? '')))
    throw new OAuthError('invalid_grant', WRONG);
}

/** RFC 6749, 2.3.1 wants the secret form-encoded in a Basic header; half of the clients (curl -u) send it as it is. */
async function authenticateClient(issuer: BuiltInIssuer, basic: Credentials | undefined, form: Form): Promise<void> {
  const [name, secret = ''] = basic ?? [form.get('client_id'), form.get('client_secret')];
  const plain = await issuer.isAdmin(name ?? '', secret);
  const encoded = basic !== undefined && (await issuer.isAdmin(name ?? '', formDecoded(secret)));
  if (!plain && !encoded) throw new OAuthError('invalid_client', WRONG);
}

/** Those asked for, or all; a token never has a scope that does not exist. */
function scopesOf(asked: string | undefined, known: readonly string[]): readonly string[] {
  if (asked === undefined) return known;
  const scopes = [...new Set(asked.split(' ').filter((scope) => scope !== ''))];
  if (scopes.some((scope) => !known.includes(scope)))
    throw new OAuthError('invalid_scope', 'a scope is asked for that does not exist; leave scope out for all');
  return scopes;
}
