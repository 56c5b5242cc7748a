/**
 * ModelBackend: a model, or several, behind an HTTP protocol. The schema of its spec
 * and the rules; must not know how engines are started or probed.
 */
import { z } from 'zod';
import { milliseconds } from './duration.ts';
import { managed } from './managed.ts';
import { objectName, positiveDuration, secretKey } from './parts.ts';
import { listMap, listSet, withRules, withTransitionRules } from './schema.ts';

export const TASKS = ['Chat', 'Completion', 'Embedding'] as const;

const model = z.object({
  name: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9]([-._:/A-Za-z0-9]*[A-Za-z0-9])?$/)
    .describe('Name by which routes refer to the model.'),
  upstreamName: z.string().min(1).max(253).optional().describe('Name that the engine uses, where it differs.'),
  tasks: listSet(z.enum(TASKS), 3).min(1).default(['Chat']).describe('What the model can do.'),
  maxOutputTokens: z
    .int32()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('Most tokens of one answer; requests are cut to it.'),
});

const pathPrefix = () =>
  z
    .string()
    .max(128)
    .regex(/^(\/[-._~a-zA-Z0-9]+)*$/)
    .describe('Path before /v1, for example /openai.');

const service = z
  .object({
    name: objectName().describe('Name of the Service.'),
    namespace: objectName().optional().describe("Namespace of the Service; the ModelBackend's own without it."),
    port: z.int32().min(1).max(65535).describe('Port of the Service.'),
    scheme: z.enum(['http', 'https']).default('http').describe('Protocol on that port.'),
    pathPrefix: pathPrefix().optional(),
  })
  .describe('A Service that is already there.');

const FORBIDDEN_HEADERS = ['host', 'authorization', 'content-length', 'connection', 'transfer-encoding'];

/** Where clouds hand out credentials. The client judges the resolved address again. */
const METADATA_ADDRESS = '^https?://(169[.]254[.]|[[]fe80:|[[]fd00:ec2:|[[]::ffff:|metadata[.]google[.]internal)';

const external = withRules(
  z.object({
    url: z
      .string()
      .max(512)
      .regex(/^https?:\/\/(\[[0-9a-f:.]+\]|[-._a-z0-9]+)(:[0-9]{1,5})?(\/[-._~a-zA-Z0-9]+)*$/)
      .describe('Base URL, without /v1: https://api.example.com or https://api.example.com/openai.'),
    allowInsecure: z.boolean().default(false).describe('Permit plain http.'),
    headers: listMap(
      withRules(
        z.object({
          name: z
            .string()
            .min(1)
            .max(128)
            .regex(/^[-A-Za-z0-9]+$/)
            .describe('Name of the header.'),
          value: z.string().max(1024).describe('Value; never a secret.'),
        }),
        [
          {
            rule: "!(self.name.lowerAscii() in ['host', 'authorization', 'content-length', 'connection', 'transfer-encoding'])",
            message: 'this header is set by the client; use spec.auth for credentials',
            test: (h) => !FORBIDDEN_HEADERS.includes(h.name.toLowerCase()),
          },
        ],
      ),
      ['name'],
      16,
    )
      .optional()
      .describe('Extra request headers.'),
  }),
  [
    {
      rule: "self.url.startsWith('https://') || self.allowInsecure",
      message: 'plain http needs allowInsecure: true',
      fieldPath: '.url',
      test: (e) => e.url.startsWith('https://') || e.allowInsecure,
    },
    {
      rule: `!self.url.matches('${METADATA_ADDRESS}')`,
      message: 'link-local and metadata addresses are refused',
      fieldPath: '.url',
      test: (e) => !new RegExp(METADATA_ADDRESS).test(e.url),
    },
  ],
).describe('A hosted API.');

const auth = withRules(
  z.object({
    type: z.enum(['None', 'Bearer', 'Header']).default('None').describe('How the credential is sent.'),
    secretRef: secretKey().optional().describe('Secret with the credential; a managed engine is started with it.'),
    header: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[-A-Za-z0-9]+$/)
      .optional()
      .describe('Header for type Header, for example api-key.'),
  }),
  [
    {
      rule: "(self.type == 'None') != has(self.secretRef)",
      message: 'auth.secretRef must be set unless auth.type is None, and only then',
      fieldPath: '.secretRef',
      test: (a) => (a.type === 'None') !== (a.secretRef !== undefined),
    },
    {
      rule: "(self.type == 'Header') == has(self.header)",
      message: 'auth.header must be set when auth.type is Header, and only then',
      fieldPath: '.header',
      test: (a) => (a.type === 'Header') === (a.header !== undefined),
    },
  ],
).describe('Credential for the backend.');

const health = withRules(
  z.object({
    interval: positiveDuration().default('10s').describe('Time between checks that list the models.'),
    timeout: positiveDuration().default('2s').describe('Deadline of such a check.'),
    failureThreshold: z.int32().min(1).max(100).default(3).describe('Failures in a row that make the backend unready.'),
    inference: z
      .object({
        enabled: z.boolean().default(true).describe('Ask each model for one token after it loads, and every interval.'),
        interval: positiveDuration().default('5m').describe('Time between such requests.'),
        timeout: positiveDuration().default('30s').describe('Deadline of such a request.'),
      })
      .prefault({})
      .describe('Proof that a model answers, not only its server.'),
  }),
  [
    {
      rule: 'duration(self.timeout) <= duration(self.interval)',
      message: 'health.timeout must not exceed health.interval',
      fieldPath: '.timeout',
      test: (h) => milliseconds(h.timeout) <= milliseconds(h.interval),
    },
  ],
).describe('How the operator checks the backend.');

const timeouts = withRules(
  z.object({
    connect: positiveDuration().default('2s').describe('Until a connection stands.'),
    firstByte: positiveDuration().default('60s').describe('Until the answer begins.'),
    idle: positiveDuration().default('30s').describe('Between two parts of a stream.'),
    request: positiveDuration().default('10m').describe('The whole request.'),
  }),
  [
    {
      rule: 'duration(self.connect) <= duration(self.firstByte) && duration(self.firstByte) <= duration(self.request) && duration(self.idle) <= duration(self.request)',
      message: 'timeouts must satisfy connect <= firstByte <= request and idle <= request',
      test: (t) =>
        milliseconds(t.connect) <= milliseconds(t.firstByte) &&
        milliseconds(t.firstByte) <= milliseconds(t.request) &&
        milliseconds(t.idle) <= milliseconds(t.request),
    },
  ],
).describe('Deadlines of a request from a server to the backend.');

const spec = withRules(
  z.object({
    type: z.enum(['Managed', 'Service', 'External']).describe('Who runs the model.'),
    protocol: z.enum(['OpenAI']).default('OpenAI').describe('What the backend speaks.'),
    models: listMap(model, ['name'], 64).min(1).describe('Models to use; at least one.'),
    managed: managed.optional(),
    service: service.optional(),
    external: external.optional(),
    auth: auth.prefault({}),
    health: health.prefault({}),
    timeouts: timeouts.prefault({}),
  }),
  [
    {
      rule: "(self.type == 'Managed') == has(self.managed) && (self.type == 'Service') == has(self.service) && (self.type == 'External') == has(self.external)",
      message: 'set exactly the block that spec.type names: managed, service or external',
      fieldPath: '.type',
      test: (s) =>
        (s.type === 'Managed') === (s.managed !== undefined) &&
        (s.type === 'Service') === (s.service !== undefined) &&
        (s.type === 'External') === (s.external !== undefined),
    },
    {
      rule: "self.type != 'Managed' || self.managed.engine == 'Custom' || size(self.models) == 1",
      message: 'engines VLLM and LlamaCpp serve one model; list one in spec.models',
      fieldPath: '.models',
      test: (s) =>
        s.type !== 'Managed' || s.managed === undefined || s.managed.engine === 'Custom' || s.models.length === 1,
    },
    {
      rule: "self.type != 'Managed' || self.managed.engine == 'Custom' || self.models.all(m, !('Embedding' in m.tasks) || size(m.tasks) == 1)",
      message: 'engines VLLM and LlamaCpp embed or generate; list Embedding alone, or Chat and Completion',
      fieldPath: '.models',
      test: (s) =>
        s.type !== 'Managed' ||
        s.managed === undefined ||
        s.managed.engine === 'Custom' ||
        s.models.every(({ tasks }) => !tasks.includes('Embedding') || tasks.length === 1),
    },
    {
      rule: "self.type != 'Managed' || self.managed.engine == 'Custom' || self.auth.type != 'Header'",
      message: 'engines VLLM and LlamaCpp take the credential as Bearer; set auth.type to Bearer',
      fieldPath: '.auth',
      test: (s) =>
        s.type !== 'Managed' || s.managed === undefined || s.managed.engine === 'Custom' || s.auth.type !== 'Header',
    },
  ],
).describe('A model, or several, behind an HTTP protocol.');

export const modelBackendSpec = withTransitionRules(spec, [
  { rule: 'self.type == oldSelf.type', message: 'spec.type cannot change; create another ModelBackend' },
]);
