/**
 * The part of an McpServer that says who may call. Secrets are named and never stand here; must not know how a token
 * is verified.
 */
import { z } from 'zod';
import { positiveDuration, secretKey } from './parts.ts';
import { listSet, withRules } from './schema.ts';

/** A scope as of OAuth (RFC 6749 §3.3), without the characters that nobody uses. */
const scopes = () =>
  listSet(
    z
      .string()
      .min(1)
      .max(128)
      .regex(/^[-._~:/a-zA-Z0-9]+$/),
    16,
  );

const audiences = () =>
  listSet(z.string().min(1).max(512), 8)
    .optional()
    .describe('Values of which one must be in the aud claim; the URL of the server without it.');

const HTTPS = /^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1|[-.a-z0-9]+\.svc(\.cluster\.local)?)(:[0-9]+)?(\/|$)/;

const secureUrl = () =>
  withRules(
    z
      .string()
      .max(512)
      .regex(/^https?:\/\/[-.a-z0-9[\]:]+(\/[-._~a-zA-Z0-9/]*)?$/),
    [
      {
        rule: `self.matches('${HTTPS.source.replaceAll('\\/', '/').replaceAll('\\', '\\\\')}')`,
        message: 'must be https, or http to localhost or a Service of the cluster (*.svc, *.svc.cluster.local)',
        test: (url) => HTTPS.test(url),
      },
    ],
  );

const jwt = z
  .object({
    issuer: secureUrl().describe('Issuer, exactly as in the iss claim.'),
    jwksUri: secureUrl().optional().describe("Where the issuer's keys are; read from its metadata without it."),
    audiences: audiences(),
    requiredScopes: scopes().default(['mcp']).describe('Scopes that every call needs; those of tools come on top.'),
    rolesClaim: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[-._:/a-zA-Z0-9]+$/)
      .default('roles')
      .describe("Claim with the caller's roles."),
  })
  .describe('Tokens of an OAuth or OpenID Connect issuer.');

const serviceAccount = z.object({
  namespace: z
    .string()
    .max(63)
    .regex(/^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$/)
    .optional()
    .describe("Namespace of the caller; the server's own without it, * for all."),
  name: z
    .string()
    .max(253)
    .regex(/^(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/)
    .default('*')
    .describe('Name of the ServiceAccount; * for all of the namespace.'),
});

const kubernetesServiceAccount = z
  .object({
    audiences: audiences(),
    serviceAccounts: z
      .array(serviceAccount)
      .min(1)
      .max(64)
      .optional()
      .describe("Who may call; all ServiceAccounts of the server's own namespace without it."),
    verification: z
      .enum(['PublishedKeys', 'TokenReview'])
      .default('PublishedKeys')
      .describe(
        'How tokens are verified: by the keys that the API server publishes, or also by asking it about each. TokenReview notices a deleted pod within seconds and needs a right: bind the ServiceAccount of the server to the ClusterRole system:auth-delegator.',
      ),
  })
  .describe('Tokens of ServiceAccounts of this cluster, made for the audience.');

const builtIn = z
  .object({
    signingKeySecretRef: secretKey().describe('Secret with at least 32 random bytes, by which tokens are signed.'),
    bootstrapAdminSecretRef: secretKey().describe('Secret with the password of the user admin, 16 characters or more.'),
    accessTokenLifetime: positiveDuration().default('30m').describe('How long a token is valid.'),
  })
  .describe('Tokens that the server issues itself.');

/** Where the built-in issuer answers, beside the MCP endpoint: RFC 8414 §3, and what its metadata names. */
export const ISSUER_PATHS: readonly string[] = ['/.well-known/oauth-authorization-server', '/token', '/revoke'];

export const auth = withRules(
  z.object({
    type: z
      .enum(['None', 'JWT', 'KubernetesServiceAccount', 'BuiltIn'])
      .default('None')
      .describe('Which tokens are taken; None serves everybody who reaches the server.'),
    jwt: jwt.optional(),
    kubernetesServiceAccount: kubernetesServiceAccount.optional(),
    builtIn: builtIn.optional(),
  }),
  [
    {
      rule: "(self.type == 'JWT') == has(self.jwt)",
      message: 'auth.jwt must be set when auth.type is JWT, and only then',
      test: (a) => (a.type === 'JWT') === (a.jwt !== undefined),
    },
    {
      rule: "(self.type == 'BuiltIn') == has(self.builtIn)",
      message: 'auth.builtIn must be set when auth.type is BuiltIn, and only then',
      test: (a) => (a.type === 'BuiltIn') === (a.builtIn !== undefined),
    },
    {
      rule: "self.type == 'KubernetesServiceAccount' || !has(self.kubernetesServiceAccount)",
      message: 'auth.kubernetesServiceAccount may only be set when auth.type is KubernetesServiceAccount',
      test: (a) => a.type === 'KubernetesServiceAccount' || a.kubernetesServiceAccount === undefined,
    },
  ],
).describe('Who may call.');
