/**
 * The part of an McpServer that says how clients reach it.
 */
import { z } from 'zod';
import { objectName, stringMap } from './parts.ts';
import { listSet, withRules } from './schema.ts';

export const exposure = withRules(
  z.object({
    type: z
      .enum(['ClusterIP', 'Ingress'])
      .default('ClusterIP')
      .describe('How clients outside the cluster reach the server.'),
    host: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
      .optional()
      .describe('Host name of the URL.'),
    path: z
      .string()
      .max(128)
      .regex(/^\/[-._~a-zA-Z0-9/]*$/)
      .default('/mcp')
      .describe('Path of the MCP endpoint.'),
    publicUrl: z
      .string()
      .max(512)
      .regex(/^https?:\/\/[-.a-z0-9[\]:]+(\/[-._~a-zA-Z0-9/]*)?$/)
      .optional()
      .describe('URL that clients use, where it differs from scheme, host and path.'),
    ingress: z
      .object({
        className: objectName().optional().describe("IngressClass; the cluster's default without it."),
        annotations: stringMap(32).optional().describe('Annotations of the Ingress.'),
        tlsSecretName: objectName().optional().describe('Secret with the certificate; makes the URL https.'),
      })
      .optional()
      .describe('Settings of the Ingress.'),
    allowedOrigins: listSet(
      z
        .string()
        .max(253)
        .regex(/^https?:\/\/[-.a-z0-9[\]:]+$/),
      32,
    )
      .optional()
      .describe('Origins of web pages that may call the server, beside its own.'),
  }),
  [
    {
      rule: "self.type != 'Ingress' || has(self.host)",
      message: 'exposure.host is required when exposure.type is Ingress',
      fieldPath: '.host',
      test: (e) => e.type !== 'Ingress' || e.host !== undefined,
    },
    {
      rule: "self.type == 'Ingress' || !has(self.ingress)",
      message: 'exposure.ingress may only be set when exposure.type is Ingress',
      fieldPath: '.ingress',
      test: (e) => e.type === 'Ingress' || e.ingress === undefined,
    },
    {
      rule: "self.type == 'Ingress' || !has(self.host)",
      message: 'exposure.host may only be set when exposure.type is Ingress',
      fieldPath: '.host',
      test: (e) => e.type === 'Ingress' || e.host === undefined,
    },
  ],
).describe('How the server is reached.');
